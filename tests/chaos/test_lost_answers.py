"""A call that did its work and said that it failed: the store finds its way back by itself."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from eigen.contracts.errors import UnavailableError
from eigen.contracts.jobs import JobRecord, JobState, StoredEvent
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.ports.job_store import NewJob


class Liar(sqlite3.Connection):
    """A connection whose next statement of a kind is run, and told to have failed."""

    lies_about = ""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *values)
        if Liar.lies_about and sql.startswith(Liar.lies_about):
            Liar.lies_about = ""
            raise sqlite3.OperationalError("disk I/O error")
        return cursor


@pytest.mark.parametrize("statement", ["BEGIN", "UPDATE", "COMMIT"])
async def test_one_lost_answer_does_not_stop_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Liar))
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        Liar.lies_about = statement
        with pytest.raises(UnavailableError):
            await store.request_cancel("job_" + "0" * 26, by="eve")
        assert Liar.lies_about == "", "the answer was lost"
        await store.request_cancel("job_" + "0" * 26, by="eve")


AT = datetime(2026, 1, 2, tzinfo=UTC)
RECORD = JobRecord(job_id="job_" + "0" * 26, name="bell", subject="ada", event_seq=1, created_at=AT, updated_at=AT)


def event(number: int) -> StoredEvent:
    return StoredEvent(event_seq=number, kind="Progressed", at=AT, state=JobState.PENDING, stage="waiting")


@pytest.mark.parametrize("statement", ["BEGIN", "UPDATE", "COMMIT"])
async def test_what_was_written_behind_and_refused_leaves_no_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Liar))
    async with SqliteJobStore(tmp_path, owner="sys_a") as store:
        await store.insert(NewJob(record=RECORD, event=event(1)))
        for number in range(2, 5):
            Liar.lies_about = statement
            await store.append(replace(RECORD, event_seq=number), (event(number),), durable=False)
            seen = [one.event_seq for one in await store.events(RECORD.job_id)]
            assert Liar.lies_about == "", "the answer was lost"
            assert seen == list(range(1, len(seen) + 1))
    async with SqliteJobStore(tmp_path, owner="sys_b") as store:
        assert [one.event_seq for one in await store.events(RECORD.job_id)] == [1, 2, 3, 4]
        assert (await store.get(RECORD.job_id)).event_seq == 4
