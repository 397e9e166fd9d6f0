"""The disk as it may be after a power cut: what was promised is there, all else may be or may not.

A change of names that was not synced may be undone, whatever came after it. The content of a file that was not synced
may be missing, cut off, or zeros. SQLite's files are those of the last commit that waited for the disk, or of any
later one, or the log of a later one cut off.

Source: what file systems do, after "All File Systems Are Not Created Equal", OSDI 2014.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from chaos.recording import Commit, Entry, Name, Sync, Told, Written

__all__ = ["TEMPERS", "Temper", "lay_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """What a disk does with what it has not promised.

    Attributes:
        keeps_name: Whether it keeps a change of names.
        content: What is left of a file: the part that was promised, and the whole.
        log: What is left of SQLite's log: the part that was promised, and the whole.
    """

    keeps_name: Callable[[random.Random], bool]
    content: Callable[[random.Random, bytes, bytes], bytes]
    log: Callable[[random.Random, bytes, bytes], bytes]


def _all(_: random.Random) -> bool:
    return True


def _none(_: random.Random) -> bool:
    return False


def _some(chance: random.Random) -> bool:
    return chance.random() < 0.5


def _promised(_: random.Random, promised: bytes, whole: bytes) -> bytes:
    return promised


def _whole(_: random.Random, promised: bytes, whole: bytes) -> bytes:
    return whole


def _half(_: random.Random, promised: bytes, whole: bytes) -> bytes:
    return whole[: (len(promised) + len(whole)) // 2] if whole.startswith(promised) else whole


def _zeros(_: random.Random, promised: bytes, whole: bytes) -> bytes:
    return promised + bytes(len(whole) - len(promised)) if whole.startswith(promised) else whole


def _any(chance: random.Random, promised: bytes, whole: bytes) -> bytes:
    return chance.choice((_promised, _whole, _half, _zeros))(chance, promised, whole)


TEMPERS: Mapping[str, Temper] = MappingProxyType(
    {
        "keeps what it promised": Temper(keeps_name=_none, content=_promised, log=_promised),
        "keeps everything": Temper(keeps_name=_all, content=_whole, log=_whole),
        "names, no content": Temper(keeps_name=_all, content=_promised, log=_promised),
        "names, halves": Temper(keeps_name=_all, content=_half, log=_half),
        "names, zeros; the log": Temper(keeps_name=_all, content=_zeros, log=_whole),
        "content, no names; the log": Temper(keeps_name=_none, content=_whole, log=_whole),
        "anything": Temper(keeps_name=_some, content=_any, log=_any),
        "anything else": Temper(keeps_name=_some, content=_any, log=_any),
    }
)
"""Every temper by its name; the last two draw."""


@dataclass(slots=True)
class _Content:
    whole: bytearray = field(default_factory=bytearray)
    promised: int = 0


def lay_out(
    entries: Sequence[Entry], *, temper: Temper, chance: random.Random, recorded: Path, folder: Path, diary: bytes
) -> None:
    """Write the disk as it may be when the power is cut after some entries.

    Args:
        entries: The record up to the cut.
        temper: What the disk does.
        chance: What it draws from.
        recorded: The system's folder when it was recorded.
        folder: Where it is to be laid out: `root`, and the clients' `diary`, which lies on another machine.
        diary: The clients' whole diary.
    """
    root = folder / "root"
    root.mkdir(parents=True)
    told = max((entry.length for entry in entries if isinstance(entry, Told)), default=0)
    folder.joinpath("diary").write_bytes(diary[:told])
    _write_store(root, entries, temper, chance)
    contents = _contents(entries)
    names = _names(entries, temper, chance, str(recorded))
    _write_folder(root, _ROOT, names, lambda file: _left(contents.get(file, _Content()), temper, chance))


def _left(content: _Content, temper: Temper, chance: random.Random) -> bytes:
    whole = bytes(content.whole)
    return temper.content(chance, whole[: content.promised], whole)


def _contents(entries: Sequence[Entry]) -> dict[int, _Content]:
    contents: dict[int, _Content] = {}
    lengths: list[dict[int, int]] = []
    for entry in entries:
        lengths.append({file: len(one.whole) for file, one in contents.items()})
        if isinstance(entry, Written):
            contents.setdefault(entry.file, _Content()).whole += entry.content
        elif isinstance(entry, Sync) and entry.folder == "*":
            for file, length in lengths[entry.begun].items():
                contents[file].promised = max(contents[file].promised, length)
        elif isinstance(entry, Sync) and entry.file in contents:
            one = contents[entry.file]
            one.promised = max(one.promised, lengths[entry.begun].get(entry.file, 0))
    return contents


Thing = tuple[str, int]
"""A folder or a file, whatever it is called: `("folder", 3)`."""

_ROOT: Thing = ("folder", 0)
_Names = dict[Thing, dict[str, Thing]]


@dataclass(slots=True)
class _Change:
    """A change of names, which a disk makes as a whole or not at all.

    Attributes:
        taken: Names that are taken away, each with its folder.
        given: Names that are given: folder, name, thing.
        is_promised: Whether the disk has promised to keep it.
    """

    taken: tuple[tuple[Thing, str], ...] = ()
    given: tuple[tuple[Thing, str, Thing], ...] = ()
    is_promised: bool = False

    def touches(self, folder: Thing) -> bool:
        return any(folder == one[0] for one in (*self.taken, *self.given))

    def apply(self, names: _Names) -> None:
        for folder, name in self.taken:
            names.setdefault(folder, {}).pop(name, None)
        for folder, name, thing in self.given:
            names.setdefault(folder, {})[name] = thing


def _names(entries: Sequence[Entry], temper: Temper, chance: random.Random, recorded: str) -> _Names:
    """Return the names that are left, by folder."""
    left: _Names = {}
    for change in _changes(entries, recorded):
        if change.is_promised or temper.keeps_name(chance):
            change.apply(left)
    return left


def _changes(entries: Sequence[Entry], recorded: str) -> list[_Change]:
    """Follow the record with every change made, so that each is known by the things that it is about."""
    now: _Names = {_ROOT: {}}
    changes: dict[int, _Change] = {}
    for number, entry in enumerate(entries):
        if isinstance(entry, Name):
            changes[number] = change = _change(now, entry, number, recorded)
            change.apply(now)
        elif isinstance(entry, Sync) and entry.folder:
            folder = None if entry.folder == "*" else _thing(now, entry.folder, recorded)
            for before, change in changes.items():
                change.is_promised |= before < entry.begun and (folder is None or change.touches(folder))
    return list(changes.values())


def _change(now: _Names, name: Name, number: int, recorded: str) -> _Change:
    folder, last = _place(now, name.path, recorded)
    if name.kind in {"make_folder", "create"}:
        thing = ("file", name.file) if name.file else ("folder", number + 1)
        return _Change(given=((folder, last, thing),))
    if name.kind in {"remove_file", "remove_folder"}:
        return _Change(taken=((folder, last),))
    given = ((*_place(now, name.target, recorded), now[folder][last]),)
    return _Change(taken=((folder, last),) if name.kind == "rename" else (), given=given)


def _place(now: _Names, path: str, recorded: str) -> tuple[Thing, str]:
    parent, _, last = path.rpartition("/")
    return _thing(now, parent, recorded), last


def _thing(now: _Names, path: str, recorded: str) -> Thing:
    thing = _ROOT
    for name in path.removeprefix(recorded).strip("/").split("/"):
        thing = now[thing][name] if name else thing
    return thing


def _write_store(root: Path, entries: Sequence[Entry], temper: Temper, chance: random.Random) -> None:
    commits = [entry for entry in entries if isinstance(entry, Commit)]
    promised = max((number for number, commit in enumerate(commits) if commit.durable), default=-1)
    if promised < 0:
        return
    kept, last = commits[promised].files, commits[-1].files
    wal = "jobs.sqlite3-wal"
    is_same_log = kept.get("jobs.sqlite3") == last.get("jobs.sqlite3") and wal in kept and wal in last
    files = {**kept, wal: temper.log(chance, kept[wal], last[wal])} if is_same_log else last
    for name, content in files.items():
        root.joinpath(name).write_bytes(content)


def _write_folder(folder: Path, thing: Thing, names: _Names, content: Callable[[int], bytes]) -> None:
    for name, below in names.get(thing, {}).items():
        kind, number = below
        if kind == "folder":
            folder.joinpath(name).mkdir(mode=0o700)
            _write_folder(folder / name, below, names, content)
        else:
            folder.joinpath(name).write_bytes(content(number))
