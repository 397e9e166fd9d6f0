"""A seal that a power cut left in pieces, of a job whose end was certain: the next owner seals it anew."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from chaos.clients import Task
from chaos.evidence import Job, breaches, read_jobs
from chaos.lives import case_of, live
from eigen.contracts.jobs import JobState
from eigen.contracts.wire import to_json
from eigen.kernel.history import fold

LAST = ("error.json", "events.jsonl")


def test_a_job_that_was_being_cancelled_when_the_power_failed_is_sealed_anew(tmp_path: Path) -> None:
    """Kept were the new name of `meta.json` and its content; lost were the names that the seal gave before."""
    live(tmp_path, [Task(number=0, kind="cancelled")])
    case = case_of(tmp_path)
    (job,) = read_jobs(case.root).values()
    case.diary.unlink()  # its client was not told of the end
    cut_off(case.root, job)
    live(tmp_path, [])
    assert breaches(case) == []
    (sealed,) = read_jobs(case.root).values()
    assert (sealed.record.state, sealed.record.attempt) == (JobState.CANCELLED, 2)


def cut_off(root: Path, job: Job) -> None:
    """Take a job back to when it was stopping, but for the `meta.json` of its end."""
    stopping = [event for event in job.events if event.stage == "stopping"][-1].event_seq
    record = fold(job.events[:stopping])
    with closing(sqlite3.connect(root / "jobs.sqlite3")) as connection, connection:
        connection.execute("DELETE FROM events WHERE event_seq > ?", (stopping,))
        connection.execute(
            "UPDATE jobs SET live = 1, owner = 'sys_gone', state = ?, event_seq = ?, record = ?",
            (record.state.value, stopping, json.dumps(to_json(record))),
        )
    folder = root / "circuit_fs" / record.job_id
    meta = json.loads((folder / "meta.json").read_bytes())
    inputs = {name: facts for name, facts in meta["files"].items() if name.startswith(("job.", "program."))}
    (folder / ".opening.json").write_text(json.dumps({**meta, "files": inputs, "sealed": False}))
    for name in LAST:
        (folder / name).unlink()
