"""A database cut short, overwritten or beside strange companions; and roots with strange names, or with two of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from eigen.contracts.errors import FailedPreconditionError, UnavailableError
from eigen.system.composition import open_system
from eigen.system.doctor import examine
from eigen.testing.scripted_driver import ScriptedDriver
from tests.kernel.kernel_house import bell
from tests.system.test_doctor import end_of, everything, run_one, system_on


def cut(length: int) -> Callable[[Path], None]:
    def shorten(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:length])

    return shorten


def overwrite(start: int, length: int) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[:start] + b"\xa5" * length + whole[start + length :])

    return spoil


def beside(**companions: bytes) -> Callable[[Path], None]:
    def leave(path: Path) -> None:
        for end, content in companions.items():
            path.with_name(f"{path.name}-{end}").write_bytes(content)

    return leave


BROKEN: Mapping[str, Callable[[Path], None]] = {
    "cut to no byte": cut(0),
    "cut within its header": cut(60),
    "cut behind its first page": cut(5_000),
    "cut by its last page": cut(-4_096),
    "its header overwritten": overwrite(0, 100),
    "its schema overwritten": overwrite(100, 3_000),
    "all but its first page overwritten": overwrite(4_096, 10**6),
}
HARMLESS: Mapping[str, Callable[[Path], None]] = {
    "a log that is none": beside(wal=b"\xa5" * 50_000),
    "a log and an index that are none": beside(wal=b"\xa5" * 50_000, shm=b"\xa5" * 32_768),
    "a log cut off": beside(wal=b"7\x7f\x06\x82\0-\xe2\x18"),
    "an index without a log": beside(shm=b"\xa5" * 32_768),
    "a journal that is none": beside(journal=b"\xa5" * 10_000),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_database_is_refused_and_made_anew(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    record = await run_one(tmp_path, bell(key="k"))
    spoil(tmp_path / "jobs.sqlite3")
    with pytest.raises(UnavailableError) as caught:
        async with open_system(tmp_path, drivers={"scripted": ScriptedDriver()}) as system:
            await system.kernel.record(record.job_id)
    assert caught.value.reason in {"STORE_DAMAGED", "STORE_MISSING"}
    assert "--rebuild" in caught.value.hint
    found = await examine(tmp_path)
    assert [one.check for one in found.findings][:1] == ["store"]
    assert (await examine(tmp_path, rebuild=True)).is_healthy
    async with system_on(tmp_path) as system:
        assert await system.kernel.record(record.job_id) == record
        assert (await system.kernel.enqueue(bell(key="k"))).job_id == record.job_id


@pytest.mark.parametrize("leave", HARMLESS.values(), ids=HARMLESS.keys())
async def test_companions_that_are_none_of_the_databases_change_nothing(
    tmp_path: Path, leave: Callable[[Path], None]
) -> None:
    record = await run_one(tmp_path)
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    leave(tmp_path / "jobs.sqlite3")
    async with system_on(tmp_path) as system:
        assert await system.kernel.record(record.job_id) == record
        later = await end_of(system, (await system.kernel.enqueue(bell())).job_id)
    assert set(await everything(tmp_path)) == {record.job_id, later.job_id}
    assert (await examine(tmp_path)).is_healthy


NAMES = ("with a space", "ünï-код-量子", "-dash", "%20?#&x=1", "q'uote\"d", "new\nline", "a" * 250)


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name[:12]) for name in NAMES])
async def test_a_root_may_have_any_name(tmp_path: Path, name: str) -> None:
    """It is opened, examined by who changes nothing, and its store made anew."""
    record = await run_one(tmp_path / name)
    for rebuild in (False, True):
        found = await examine(tmp_path / name, rebuild=rebuild)
        assert (found.findings, found.facts["jobs"]) == ([], {"DONE": 1})
    assert (await everything(tmp_path / name))[record.job_id][0] == record


async def test_a_root_with_two_names_is_one_root(tmp_path: Path) -> None:
    """Systems on either name share its jobs, neither takes the other for dead, and a doctor is kept out."""
    (tmp_path / "second").symlink_to(tmp_path / "root")
    driver = ScriptedDriver()
    driver.hold()
    async with open_system(tmp_path / "root", drivers={"scripted": driver}) as one:
        job_id = (await one.kernel.enqueue(bell(key="k"))).job_id
        await driver.started()
        async with system_on(tmp_path / "second") as two:
            assert (await two.kernel.enqueue(bell(key="k"))).job_id == job_id
            with pytest.raises(FailedPreconditionError) as caught:
                await examine(tmp_path / "second", repair=True)
            assert caught.value.reason == "ROOT_IN_USE"
            driver.release()
            assert (await end_of(two, job_id)).attempt == 1
    assert len(driver.requests) == 1
