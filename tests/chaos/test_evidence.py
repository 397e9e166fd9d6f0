"""The judge of the proofs: a right root passes, and every way of being wrong is told as the promise it breaks."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from chaos.clients import Task
from chaos.evidence import breaches, read_jobs
from chaos.lives import case_of, live

KINDS = ("circuit", "wrong", "cancelled", "shaky")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder in which a system has lived, with four jobs that have ended."""
    folder = tmp_path_factory.mktemp("lived")
    live(folder, [Task(number=number, kind=kind) for number, kind in enumerate(KINDS)])
    return folder


@pytest.fixture
def folder(lived: Path, tmp_path: Path) -> Path:
    """Give a copy that a test may spoil."""
    return Path(shutil.copytree(lived, tmp_path / "copy"))


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(case_of(folder).root / "jobs.sqlite3")) as connection, connection:
        connection.execute(statement)


def tell(folder: Path, **line: object) -> None:
    with case_of(folder).diary.open("a") as file:
        file.write(json.dumps(line) + "\n")


def circuit(folder: Path) -> str:
    return next(job_id for job_id, job in read_jobs(case_of(folder).root).items() if job.record.name == "circuit")


def artifact(folder: Path, name: str) -> Path:
    return case_of(folder).root / "circuit_fs" / circuit(folder) / name


def test_a_life_without_faults_keeps_every_promise(folder: Path) -> None:
    assert breaches(case_of(folder)) == []
    assert sorted(job.record.name for job in read_jobs(case_of(folder).root).values()) == sorted(KINDS)


def test_a_lost_job_is_told(folder: Path) -> None:
    change(folder, f"DELETE FROM jobs WHERE job_id = '{circuit(folder)}'")
    assert any("R1" in breach for breach in breaches(case_of(folder)))


def test_a_second_job_for_one_key_is_told(folder: Path) -> None:
    change(folder, "UPDATE jobs SET record = json_set(record, '$.labels.key', 'wrong-1')")
    assert any("R2" in breach for breach in breaches(case_of(folder)))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE event_seq = 2",
        "UPDATE jobs SET record = json_set(record, '$.attempt', 2)",
        "UPDATE jobs SET record = json_set(record, '$.event_seq', 99)",
    ],
)
def test_a_record_that_is_not_the_fold_of_its_events_is_told(folder: Path, statement: str) -> None:
    change(folder, statement)
    assert any("R3" in breach for breach in breaches(case_of(folder)))


def test_an_end_that_a_client_was_not_told_is_told(folder: Path) -> None:
    tell(folder, said="ended", key="circuit-0", job_id=circuit(folder), state="ERROR", event_seq=6)
    assert any("R3" in breach for breach in breaches(case_of(folder)))


@pytest.mark.parametrize("name", ["results.json", "job.yaml", "meta.json"])
@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"{")], ids=["missing", "torn"])
def test_an_artifact_that_is_missing_or_torn_is_told(folder: Path, name: str, spoil: Callable[[Path], object]) -> None:
    spoil(artifact(folder, name))
    assert any("R4" in breach for breach in breaches(case_of(folder)))


def test_two_runners_at_once_are_told(folder: Path) -> None:
    with (case_of(folder).runs / "runs").open("a") as file:
        file.write(f"twice {circuit(folder)} 1\n")
    assert any("R5" in breach for breach in breaches(case_of(folder)))


def test_a_job_that_has_not_ended_is_told(folder: Path) -> None:
    change(folder, "UPDATE jobs SET record = json_set(record, '$.state', 'RUNNING')")
    assert any("R6" in breach for breach in breaches(case_of(folder)))
