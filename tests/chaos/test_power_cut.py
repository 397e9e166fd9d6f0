"""What a disk may lose: names and content that it has not promised, and never what it has."""

from __future__ import annotations

import random
from pathlib import Path

from chaos.power_cut import TEMPERS, lay_out
from chaos.recording import Commit, Entry, Name, Sync, Told, Written

RECORDED = Path("/recorded")
JOB = f"{RECORDED}/job"


def after(entries: list[Entry], folder: Path, *, temper: str, seed: int = 0) -> dict[str, bytes]:
    """Return the files that are left, by path; a folder ends in a slash."""
    target = folder / f"{temper} {seed}".replace("/", "-")
    lay_out(
        entries,
        temper=TEMPERS[temper],
        chance=random.Random(seed),
        recorded=RECORDED,
        folder=target,
        diary=b"first\nsecond\n",
    )
    root = target / "root"
    return {
        f"{path.relative_to(root)}{'/' * path.is_dir()}": b"" if path.is_dir() else path.read_bytes()
        for path in root.rglob("*")
    }


def promised(*entries: Entry) -> list[Entry]:
    return [*entries, Sync(len(entries), folder="*")]


WRITTEN: tuple[Entry, ...] = (Name("make_folder", JOB), Name("create", f"{JOB}/a", file=1), Written(1, b"whole"))


def test_what_was_promised_is_there_whatever_the_disk_does(tmp_path: Path) -> None:
    for temper in TEMPERS:
        for seed in range(5):
            assert after(promised(*WRITTEN), tmp_path, temper=temper, seed=seed) == {"job/": b"", "job/a": b"whole"}


def test_what_was_not_promised_may_be_gone_empty_cut_off_or_zeros(tmp_path: Path) -> None:
    assert after(list(WRITTEN), tmp_path, temper="keeps what it promised") == {}
    assert after(list(WRITTEN), tmp_path, temper="names, no content") == {"job/": b"", "job/a": b""}
    assert after(list(WRITTEN), tmp_path, temper="names, halves") == {"job/": b"", "job/a": b"wh"}
    assert after(list(WRITTEN), tmp_path, temper="names, zeros; the log") == {"job/": b"", "job/a": bytes(5)}
    drawn = [after(list(WRITTEN), tmp_path, temper="anything", seed=seed) for seed in range(30)]
    assert len({str(one) for one in drawn}) > 3


def test_a_sync_of_content_does_not_promise_the_name_and_the_other_way_round(tmp_path: Path) -> None:
    content_only = [*WRITTEN, Sync(3, file=1)]
    assert after(content_only, tmp_path, temper="keeps what it promised") == {}
    names_only = [*WRITTEN, Sync(3, folder=JOB), Sync(3, folder=str(RECORDED))]
    assert after(names_only, tmp_path, temper="keeps what it promised", seed=1) == {"job/": b"", "job/a": b""}


def test_a_sync_that_began_before_promises_nothing(tmp_path: Path) -> None:
    assert after([*WRITTEN, Sync(0, folder="*")], tmp_path, temper="keeps what it promised") == {}


def test_a_renamed_folder_takes_its_content_along(tmp_path: Path) -> None:
    moved = promised(*WRITTEN, Name("rename", JOB, f"{RECORDED}/new"))
    assert after(moved, tmp_path, temper="keeps what it promised") == {"new/": b"", "new/a": b"whole"}
    undone = [*promised(*WRITTEN), Name("rename", JOB, f"{RECORDED}/new")]
    assert after(undone, tmp_path, temper="keeps what it promised", seed=1) == {"job/": b"", "job/a": b"whole"}


def test_a_removed_name_may_come_back_until_its_folder_is_synced(tmp_path: Path) -> None:
    removed = [*promised(*WRITTEN), Name("remove_file", f"{JOB}/a")]
    assert after(removed, tmp_path, temper="keeps what it promised") == {"job/": b"", "job/a": b"whole"}
    assert after(removed, tmp_path, temper="keeps everything") == {"job/": b""}
    assert after([*removed, Sync(5, folder=JOB)], tmp_path, temper="keeps what it promised", seed=1) == {"job/": b""}


def test_two_names_of_one_file_have_one_content(tmp_path: Path) -> None:
    linked = promised(*WRITTEN, Name("link", f"{JOB}/a", f"{JOB}/b"))
    assert after(linked, tmp_path, temper="keeps what it promised")["job/b"] == b"whole"


def test_a_commit_is_kept_from_when_the_disk_has_promised_it(tmp_path: Path) -> None:
    wal = "jobs.sqlite3-wal"
    first = Commit({"jobs.sqlite3": b"db", wal: b"1111"}, durable=True)
    second = Commit({"jobs.sqlite3": b"db", wal: b"11112222"}, durable=False)
    assert after([first, second], tmp_path, temper="keeps what it promised")[wal] == b"1111"
    assert after([first, second], tmp_path, temper="names, halves")[wal] == b"111122"
    assert after([first, second], tmp_path, temper="keeps everything")[wal] == b"11112222"
    kept = Commit(second.files, durable=True)
    assert after([first, second, kept], tmp_path, temper="keeps what it promised", seed=1)[wal] == b"11112222"


def test_clients_know_what_they_were_told_before_the_cut(tmp_path: Path) -> None:
    lay_out(
        [Told(6)],
        temper=TEMPERS["anything"],
        chance=random.Random(0),
        recorded=RECORDED,
        folder=tmp_path,
        diary=b"first\nsecond\n",
    )
    assert (tmp_path / "diary").read_bytes() == b"first\n"
