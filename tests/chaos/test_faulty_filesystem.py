"""The faulty file system fails exactly where it is told to, and is a file system else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from eigen.qfs.disk import DiskArtifactStore
from eigen.testing.artifact_conformance import ARTIFACT_STORE_CHECKS, Check
from eigen.testing.faulty_filesystem import FaultSchedule, FaultyFileSystem


def never() -> FaultSchedule:
    return FaultSchedule(first=0, error=errno.EIO)


@pytest.mark.parametrize("check", ARTIFACT_STORE_CHECKS)
async def test_writes_of_a_few_bytes_change_nothing_for_a_store(tmp_path: Path, check: Check) -> None:
    files = FaultyFileSystem(never(), most_bytes=7)
    await check(DiskArtifactStore(tmp_path / "circuit_fs", filesystem=files))


def calls(files: FaultyFileSystem, folder: Path) -> dict[str, Callable[[], object]]:
    """Return one call of each kind, each of which would succeed."""
    (folder / "empty").mkdir()
    (folder / "file").write_bytes(b"content")
    (folder / "old").write_bytes(b"old")
    (folder / "linked").write_bytes(b"linked")
    reading, writing = os.open(folder / "file", os.O_RDONLY), os.open(folder / "old", os.O_WRONLY)
    return {
        "make_folder": lambda: files.make_folder(f"{folder}/new"),
        "list_folder": lambda: files.list_folder(str(folder)),
        "create_file": lambda: files.create_file(f"{folder}/created"),
        "open_file": lambda: files.open_file(f"{folder}/file"),
        "open_to_sync": lambda: files.open_to_sync(str(folder)),
        "write": lambda: files.write(writing, memoryview(b"x")),
        "read": lambda: files.read(reading, 1),
        "sync": lambda: files.sync(writing),
        "link": lambda: files.link(f"{folder}/file", f"{folder}/second"),
        "rename": lambda: files.rename(f"{folder}/linked", f"{folder}/renamed"),
        "remove_file": lambda: files.remove_file(f"{folder}/old"),
        "remove_folder": lambda: files.remove_folder(f"{folder}/empty"),
    }


def test_each_call_fails_where_it_is_told_to_and_once(tmp_path: Path) -> None:
    for number in range(1, 13):
        folder = tmp_path / str(number)
        folder.mkdir()
        schedule = FaultSchedule(first=number, error=errno.ENOSPC)
        failed = []
        for name, call in calls(FaultyFileSystem(schedule), folder).items():
            try:
                call()
            except OSError as error:
                assert error.errno == errno.ENOSPC
                failed.append(name)
        assert failed == [schedule.calls[number - 1]]
        assert schedule.num_failed == 1


def test_a_late_fault_has_done_its_work(tmp_path: Path) -> None:
    files = FaultyFileSystem(FaultSchedule(first=1, error=errno.EIO, late=True))
    with pytest.raises(OSError, match="Input/output"):
        files.create_file(f"{tmp_path}/file")
    assert (tmp_path / "file").exists()


def test_a_fault_that_lasts_is_over_when_it_is_mended(tmp_path: Path) -> None:
    schedule = FaultSchedule(first=2, error=errno.EROFS, lasting=None)
    files = FaultyFileSystem(schedule)
    files.make_folder(f"{tmp_path}/a")
    for _ in range(3):
        with pytest.raises(OSError, match="Read-only"):
            files.make_folder(f"{tmp_path}/b")
    schedule.mend()
    files.make_folder(f"{tmp_path}/b")
