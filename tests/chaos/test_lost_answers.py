"""A call that did its work and said that it failed: the store finds its way back by itself."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from eigen.contracts.errors import UnavailableError
from eigen.kernel.stores.sqlite import SqliteJobStore


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
