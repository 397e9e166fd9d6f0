"""What young jobs begin with outlives a job store that is lost."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.ports.artifact_store import Opening
from eigen.qfs import opening_log
from eigen.qfs.filesystem import FileSystem
from eigen.qfs.opening_log import OpeningLog, kept_openings

OPENING = Opening(files={"job.yaml": b"kind: QuantumJob\n", "b": b"\x00\n\xff", "a": b""}, facts={"trace_id": "é"})
CONTENT = OPENING.to_bytes()


def job(number: int) -> str:
    return f"job_{number:026}"


def log_on(folder: Path, owner: str = "sys_a", filesystem: FileSystem | None = None) -> OpeningLog:
    return OpeningLog(folder, owner=owner, filesystem=filesystem)


def kept(folder: Path) -> list[str]:
    return [job_id for job_id, _ in kept_openings(folder)]


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".openings").iterdir())


def test_what_is_kept_is_read_while_its_system_lives_and_when_it_was_killed(tmp_path: Path) -> None:
    log_on(tmp_path).keep(job(1), CONTENT)
    assert list(kept_openings(tmp_path)) == [(job(1), OPENING)]


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=4), st.integers(0, 10_000))
def test_a_file_that_was_cut_off_tells_of_what_is_whole(contents: list[bytes], at: int) -> None:
    frames = [opening_log._frame(job(number), one) for number, one in enumerate(contents)]
    whole, cut = 0, b"".join(frames)[:at]
    while sum(map(len, frames[: whole + 1])) <= len(cut) and whole < len(frames):
        whole += 1
    assert list(opening_log._frames(cut)) == [(job(number), contents[number]) for number in range(whole)]


def test_bytes_that_a_power_cut_has_lost_are_not_taken_for_an_opening(tmp_path: Path) -> None:
    log_on(tmp_path).keep(job(1), CONTENT)
    (path,) = (tmp_path / ".openings").iterdir()
    path.write_bytes(path.read_bytes()[:-4] + b"\x00" * 4)
    assert kept(tmp_path) == []


def test_a_file_is_begun_anew_when_it_has_grown_and_goes_when_no_job_needs_it(tmp_path: Path) -> None:
    log, large = log_on(tmp_path), b"x" * 600_000
    for number in range(5):
        log.keep(job(number), large)
    assert files_in(tmp_path) == ["sys_a-1", "sys_a-2", "sys_a-3"]
    for number in (2, 3, 4):
        log.forget(job(number))
    assert files_in(tmp_path) == ["sys_a-1", "sys_a-3"]  # the last one is still written
    log.forget(job(9))
    log.close()
    assert files_in(tmp_path) == ["sys_a-1"]


def leave(folder: Path, job_ids: Iterable[str], *, settled: Iterable[str]) -> None:
    """Keep openings and go without closing, as a killed process does."""
    log = log_on(folder, "sys_gone")
    for job_id in job_ids:
        log.keep(job_id, CONTENT)
    for job_id in settled:
        (folder / job_id).mkdir()
    os.close(log._parts[0].descriptor)


@pytest.mark.parametrize("settled", [[], [job(1)], [job(1), job(2)]])
def test_files_of_a_system_that_is_gone_go_when_all_of_its_jobs_have_folders(
    tmp_path: Path, settled: list[str]
) -> None:
    leave(tmp_path, [job(1), job(2)], settled=settled)
    log_on(tmp_path).keep(job(3), CONTENT)
    assert files_in(tmp_path) == ["sys_a-1"] if len(settled) == 2 else ["sys_a-1", "sys_gone-1"]


def test_files_of_a_system_that_lives_stay(tmp_path: Path) -> None:
    first = log_on(tmp_path, "sys_b")
    first.keep(job(1), CONTENT)
    (tmp_path / job(1)).mkdir()
    log_on(tmp_path).keep(job(2), CONTENT)
    assert kept(tmp_path) == [job(2), job(1)]


class ShortDisk(FileSystem):
    """A disk that takes half of the second content, and then nothing of it."""

    def __init__(self) -> None:
        self._writes = 0

    def write(self, descriptor: int, content: memoryview) -> int:
        self._writes += 1
        if self._writes == 3:
            raise OSError("no space")
        return super().write(descriptor, content[: len(content) // 2] if self._writes == 2 else content)


def test_an_opening_that_did_not_fit_hides_none_that_comes_after_it(tmp_path: Path) -> None:
    log = log_on(tmp_path, filesystem=ShortDisk())
    log.keep(job(1), CONTENT)
    with pytest.raises(OSError, match="no space"):
        log.keep(job(2), CONTENT)
    log.keep(job(3), CONTENT)
    assert kept(tmp_path) == [job(1), job(3)]
