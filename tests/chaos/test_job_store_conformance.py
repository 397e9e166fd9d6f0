"""The job store in SQLite keeps the port's law; and the law's checks find stores that break it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.seeded_bugs import ForgottenEvents, ForgottenKeys, GreedyAdoption, NoAdoption
from eigen.kernel.stores.sqlite import SqliteJobStore
from eigen.testing.job_store_conformance import JOB_STORE_CHECKS, Check, OpenStore, check_job_store


@pytest.mark.parametrize("check", JOB_STORE_CHECKS)
async def test_sqlite_keeps_the_law(tmp_path: Path, check: Check) -> None:
    await check(lambda owner: SqliteJobStore(tmp_path, owner=owner))


class Greedy(SqliteJobStore):
    """A store that takes owners that live for dead."""

    def __init__(self, folder: Path, *, owner: str) -> None:
        super().__init__(folder, owner=owner)
        self._lock = GreedyAdoption(folder / "systems", owner)


@pytest.mark.parametrize(
    ("store", "fact"),
    [
        (ForgottenKeys, "one_key_makes_one_job"),
        (ForgottenEvents, "what_is_inserted_and_appended_is_there_in_order"),
        (NoAdoption, "jobs_of_the_living_are_not_adopted"),
        (Greedy, "jobs_of_the_living_are_not_adopted"),
    ],
)
async def test_a_store_that_breaks_the_law_is_told_which(tmp_path: Path, store: Any, fact: str) -> None:
    roots = iter(range(1000))

    def new_root() -> OpenStore:
        root = tmp_path / str(next(roots))
        return lambda owner: store(root, owner=owner)

    with pytest.raises(AssertionError, match=fact):
        await check_job_store(new_root)
