"""The tables, and how an older root is brought up to date.

`PRAGMA user_version` holds the schema's version. Migration k brings version k to k + 1; a root of a newer version is
refused untouched. A record that is damaged is brought along as it is.
"""

from __future__ import annotations

import sqlite3

from eigen.contracts.errors import FailedPreconditionError

__all__ = ["SCHEMA_VERSION", "migrate", "require_known", "version_of"]

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY,
        event_seq INTEGER NOT NULL,
        state TEXT NOT NULL,
        live INTEGER NOT NULL,
        name TEXT NOT NULL,
        subject TEXT NOT NULL,
        owner TEXT NOT NULL,
        cancel_by TEXT NOT NULL DEFAULT '',
        idempotency_key TEXT NOT NULL,
        content_digest TEXT NOT NULL,
        record TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX live_jobs ON jobs (owner, job_id) WHERE live = 1;
    CREATE INDEX jobs_of_subject ON jobs (subject, job_id);
    CREATE UNIQUE INDEX idempotency ON jobs (subject, idempotency_key) WHERE idempotency_key <> '';
    CREATE TABLE events (
        job_id TEXT NOT NULL,
        event_seq INTEGER NOT NULL,
        event TEXT NOT NULL,
        PRIMARY KEY (job_id, event_seq)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE jobs ADD COLUMN tenant TEXT NOT NULL DEFAULT 'default';
    ALTER TABLE jobs ADD COLUMN created_at TEXT NOT NULL DEFAULT '';
    UPDATE jobs SET
        tenant = COALESCE(json_extract(record, '$.tenant'), 'default'),
        created_at = COALESCE(json_extract(record, '$.created_at'), '')
    WHERE json_valid(record);
    DROP INDEX jobs_of_subject;
    DROP INDEX idempotency;
    CREATE INDEX jobs_of_subject ON jobs (tenant, subject, job_id, created_at);
    CREATE UNIQUE INDEX idempotency ON jobs (tenant, subject, idempotency_key) WHERE idempotency_key <> '';
    """,
    """
    UPDATE jobs SET idempotency_key = sha256_hex(idempotency_key) WHERE idempotency_key <> '';
    CREATE TABLE labels (
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        job_id TEXT NOT NULL,
        PRIMARY KEY (key, value, job_id)
    ) WITHOUT ROWID;
    INSERT INTO labels SELECT label.key, label.value, job_id
        FROM jobs, json_each(CASE WHEN json_valid(record) THEN record ELSE '{}' END, '$.labels') AS label;
    CREATE INDEX jobs_of_state ON jobs (tenant, subject, state, job_id);
    CREATE INDEX jobs_of_name ON jobs (tenant, subject, name, job_id);
    CREATE INDEX wishes_to_cancel ON jobs (owner) WHERE live = 1 AND cancel_by <> '';
    """,
    """
    CREATE TABLE reservations (
        reservation_id TEXT PRIMARY KEY,
        device_id TEXT NOT NULL,
        boot_id TEXT NOT NULL,
        ends_sec REAL NOT NULL,
        reservation TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE openings (
        job_id TEXT PRIMARY KEY,
        content BLOB NOT NULL
    ) WITHOUT ROWID;
    """,
)

SCHEMA_VERSION = len(_MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a database's schema; 0 for one that is empty."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def require_known(version: int) -> None:
    """Refuse a schema that this version of Eigen OS does not know.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written it.
    """
    if version > SCHEMA_VERSION:
        raise FailedPreconditionError(
            f"this root was written by a newer version of Eigen OS (schema {version}, this one knows {SCHEMA_VERSION})",
            reason="ROOT_TOO_NEW",
            hint="upgrade Eigen OS, or choose another root with EIGEN_HOME or --root",
        )


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database up to date; the caller holds the root's lock.

    Raises:
        FailedPreconditionError: A newer version of Eigen OS has written it.
    """
    version = version_of(connection)
    require_known(version)
    connection.create_function("sha256_hex", 1, _sha256_hex, deterministic=True)
    for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")


def _sha256_hex(text: str) -> str:
    from eigen.contracts.canonical import sha256_hex  # for an old root only: hashing loads OpenSSL

    return sha256_hex(text.encode())
