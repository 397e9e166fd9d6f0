"""The store on disk keeps the law of CircuitFS, also when the disk fails or the process is killed at any call."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import anyio
import pytest

from eigen.contracts.errors import (
    AlreadyExistsError,
    EigenError,
    InternalError,
    NotFoundError,
    ResourceExhaustedError,
    UnavailableError,
)
from eigen.qfs.disk import DiskArtifactStore
from eigen.qfs.filesystem import FileSystem
from eigen.testing.artifact_conformance import ARTIFACT_STORE_CHECKS, Check

JOB = "job_" + "0" * 26
INPUTS = {"job.yaml": b"a" * 100, "program.eigen.py": b"b" * 100, "job.resolved.json": b"{}"}
RESULTS = {"results.json": b"c" * 1000, "events.jsonl": b"d" * 1000}
AQO = {"compiled.aqo.json": b"e" * 1000}


class FaultyFileSystem(FileSystem):
    """A file system whose Nth call fails, for once or for ever; what was called is kept.

    Args:
        fail_at: Number of the call that fails, from 1; 0 for none.
        number: What it fails with.
        for_ever: Whether all later calls fail too, as if the process had been killed.
        late: Whether the failing call does its work before it fails.
        together: Whether it can sync everything at once.
    """

    def __init__(
        self,
        fail_at: int = 0,
        number: int = errno.EIO,
        *,
        for_ever: bool = False,
        late: bool = False,
        together: bool = True,
    ) -> None:
        self.fail_at, self.number, self.for_ever, self.late = fail_at, number, for_ever, late
        self.together = together
        self.calls: list[str] = []
        self.open_descriptors = 0
        self._lock = threading.Lock()

    def _call(self, name: str, *arguments: Any) -> Any:
        with self._lock:  # reading calls come from several threads
            self.calls.append(name)
            number = len(self.calls)
        is_faulty = number == self.fail_at or (self.for_ever and 0 < self.fail_at < number)
        if is_faulty and not (self.late and number == self.fail_at) and name != "close":
            raise OSError(self.number, os.strerror(self.number))
        answer = getattr(FileSystem, name)(self, *arguments)
        with self._lock:
            self.open_descriptors += {"create_file": 1, "open_file": 1, "open_to_sync": 1, "close": -1}.get(name, 0)
        if is_faulty:
            if name in {"create_file", "open_file", "open_to_sync"}:
                self.close(answer)
            raise OSError(self.number, os.strerror(self.number))
        return answer

    def write(self, descriptor: int, content: memoryview) -> int:
        """Take at most 64 bytes at a time, as a file system may."""
        return int(self._call("write", descriptor, content[:64]))

    def make_folder(self, path: str) -> None:
        self._call("make_folder", path)

    def list_folder(self, path: str) -> list[str]:
        return list(self._call("list_folder", path))

    def create_file(self, path: str) -> int:
        return int(self._call("create_file", path))

    def open_file(self, path: str) -> int:
        return int(self._call("open_file", path))

    def open_to_sync(self, path: str) -> int:
        return int(self._call("open_to_sync", path))

    def read(self, descriptor: int, num_bytes: int) -> bytes:
        return bytes(self._call("read", descriptor, num_bytes))

    def sync(self, descriptor: int) -> None:
        self._call("sync", descriptor)

    def can_sync_all(self, descriptor: int) -> bool:
        return self.together

    def sync_all(self, descriptor: int) -> None:
        self._call("sync_all", descriptor)

    def close(self, descriptor: int) -> None:
        self._call("close", descriptor)

    def link(self, source: str, target: str) -> None:
        self._call("link", source, target)

    def rename(self, source: str, target: str) -> None:
        self._call("rename", source, target)

    def remove_file(self, path: str) -> None:
        self._call("remove_file", path)

    def remove_folder(self, path: str) -> None:
        self._call("remove_folder", path)


def store(root: Path, files: FileSystem | None = None) -> DiskArtifactStore:
    return DiskArtifactStore(root / "circuit_fs", filesystem=files)


async def created(root: Path) -> None:
    await store(root).create(JOB, INPUTS, facts={"a": 1})


async def compiled(root: Path) -> None:
    await created(root)
    await store(root).put(JOB, {"compiled.aqo.json": AQO["compiled.aqo.json"]})


@pytest.mark.parametrize("check", ARTIFACT_STORE_CHECKS, ids=lambda check: check.__name__)
async def test_the_disk_store_conforms(tmp_path: Path, check: Check) -> None:
    await check(store(tmp_path))


async def whole_or_absent(root: Path, expected: dict[str, bytes]) -> set[str]:
    """Check what a failure left: nothing unknown, every file whole, recorded ones right. Returns the files' names."""
    healthy = store(root)
    if JOB not in await healthy.job_ids():
        return set()
    assert await healthy.verify(JOB) == ()
    found = {one.name for one in await healthy.artifacts(JOB)}
    assert found <= expected.keys()
    for name in found:
        assert await healthy.read(JOB, name) == expected[name]
    return found


Act = Callable[[DiskArtifactStore], Awaitable[object]]
ACTS: dict[str, tuple[Callable[[Path], Awaitable[None]] | None, Act, dict[str, bytes]]] = {
    "create": (None, lambda one: one.create(JOB, INPUTS, facts={"a": 1}), INPUTS),
    "put": (created, lambda one: one.put(JOB, {"compiled.aqo.json": AQO["compiled.aqo.json"]}), INPUTS | AQO),
    "seal": (compiled, lambda one: one.seal(JOB, RESULTS, facts={"b": 2}), INPUTS | AQO | RESULTS),
    "reset": (compiled, lambda one: one.reset(JOB), INPUTS | AQO),
    "discard": (compiled, lambda one: one.discard(JOB), INPUTS | AQO),
}


@pytest.mark.parametrize("mode", ["once", "late", "killed", "killed late"])
@pytest.mark.parametrize("name", ACTS)
async def test_an_error_at_any_call_leaves_each_artifact_absent_or_whole(tmp_path: Path, name: str, mode: str) -> None:
    before, act, expected = ACTS[name]
    for fail_at in range(1, 400):
        root = tmp_path / f"{fail_at}"
        root.mkdir()
        if before is not None:
            await before(root)
        files = FaultyFileSystem(fail_at, for_ever="killed" in mode, late="late" in mode)
        error: EigenError | None = None
        try:
            await act(store(root, files))
        except UnavailableError as caught:
            error = caught
        assert files.open_descriptors == 0
        found = await whole_or_absent(root, expected)
        if error is None and "killed" not in mode:
            assert name in {"reset", "discard"} or found == expected.keys()
        if error is not None and mode == "once":
            await store(root).reset(JOB) if found else None
            assert not [one for one in root.rglob("*") if ".tmp-" in one.name]
        if len(files.calls) < fail_at:
            break
    else:
        pytest.fail("it never completed")
    assert error is None


@pytest.mark.parametrize("mode", ["once", "late", "killed", "killed late"])
async def test_a_seal_that_failed_at_any_call_can_be_done_again_with_the_same_content(
    tmp_path: Path, mode: str
) -> None:
    for fail_at in range(1, 400):
        root = tmp_path / f"{fail_at}"
        root.mkdir()
        await compiled(root)
        files = FaultyFileSystem(fail_at, for_ever="killed" in mode, late="late" in mode)
        try:
            await store(root, files).seal(JOB, RESULTS, facts={"b": 2})
        except UnavailableError:
            await store(root).seal(JOB, RESULTS, facts={"b": 2})
        assert (await store(root).meta(JOB))["sealed"] is True
        assert await whole_or_absent(root, INPUTS | AQO | RESULTS) == (INPUTS | AQO | RESULTS).keys()
        if len(files.calls) < fail_at:
            return
    pytest.fail("it never completed")


async def test_a_seal_that_failed_leaves_room_for_one_with_other_content(tmp_path: Path) -> None:
    for fail_at in range(1, 400):
        root = tmp_path / f"{fail_at}"
        root.mkdir()
        await compiled(root)
        files = FaultyFileSystem(fail_at)
        try:
            await store(root, files).seal(JOB, RESULTS, facts={"b": 2})
        except UnavailableError:
            if not (await store(root).meta(JOB))["sealed"]:
                await store(root).seal(JOB, {"events.jsonl": b"other", "error.json": b"{}"}, facts={})
        assert (await store(root).meta(JOB))["sealed"] is True
        if len(files.calls) < fail_at:
            return
    pytest.fail("it never completed")


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.ENOSPC, ResourceExhaustedError, "DISK_FULL"),
        (errno.EDQUOT, ResourceExhaustedError, "DISK_FULL"),
        (errno.EROFS, UnavailableError, "STORE_READ_ONLY"),
        (errno.EACCES, UnavailableError, "STORE_READ_ONLY"),
        (errno.EIO, UnavailableError, "STORE_IO"),
        (errno.EMFILE, UnavailableError, "STORE_IO"),
    ],
)
async def test_an_error_of_the_disk_is_told_without_the_machines_paths(
    tmp_path: Path, number: int, kind: type[EigenError], reason: str
) -> None:
    with pytest.raises(kind) as caught:
        await store(tmp_path, FaultyFileSystem(8, number)).create(JOB, INPUTS, facts={})
    assert caught.value.reason == reason
    assert str(tmp_path) not in str(caught.value.to_json())
    named = DiskArtifactStore(tmp_path / "circuit_fs", filesystem=FaultyFileSystem(8, number), shown_as="~/my-root")
    with pytest.raises(kind, match="~/my-root") as caught:
        await named.create(JOB, INPUTS, facts={})
    assert str(tmp_path) not in str(caught.value.to_json())


async def test_one_sync_comes_after_all_names_of_a_call(tmp_path: Path) -> None:
    await created(tmp_path)
    await store(tmp_path).discard(JOB)
    files = FaultyFileSystem()
    await store(tmp_path, files).create(JOB, INPUTS, facts={})
    assert ordered(files) == ["link", "rename", "sync_all"]
    await store(tmp_path).put(JOB, {"compiled.aqo.json": b"{}"})
    files = FaultyFileSystem()
    await store(tmp_path, files).seal(JOB, RESULTS, facts={})
    assert ordered(files) == ["link", "link", "link", "rename", "sync_all"]


async def test_where_one_sync_does_not_do_each_file_and_folder_is_synced(tmp_path: Path) -> None:
    """Create: four files, their folder, the root. Seal: seven files and their folder."""
    await created(tmp_path)
    await store(tmp_path).discard(JOB)
    files = FaultyFileSystem(together=False)
    await store(tmp_path, files).create(JOB, INPUTS, facts={})
    assert ordered(files) == ["link", "rename"] + ["sync"] * 6
    await store(tmp_path).put(JOB, {"compiled.aqo.json": b"{}"})
    files = FaultyFileSystem(together=False)
    await store(tmp_path, files).seal(JOB, RESULTS, facts={})
    assert ordered(files) == ["link", "link", "link", "rename"] + ["sync"] * 8


def ordered(files: FaultyFileSystem) -> list[str]:
    return [one for one in files.calls if one in {"sync", "sync_all", "rename", "link"}]


async def test_many_calls_share_a_sync(tmp_path: Path) -> None:
    files = FaultyFileSystem()
    one = store(tmp_path, files)
    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(partial(one.create, f"job_{number:026}", INPUTS, facts={}))
    assert len(await one.job_ids()) == 100
    assert files.calls.count("sync_all") < 20  # how many gather while one is on its way depends on the machine


async def test_a_refused_call_leaves_the_others_of_its_group_alone(tmp_path: Path) -> None:
    await created(tmp_path)
    one, refused = store(tmp_path), list[EigenError]()

    async def create(job_id: str) -> None:
        try:
            await one.create(job_id, INPUTS, facts={})
        except AlreadyExistsError as error:
            refused.append(error)

    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(create, f"job_{number:026}")
    assert len(refused) == 1
    assert len(await one.job_ids()) == 10


async def test_a_sync_that_fails_fails_its_whole_group_and_leaves_nothing(tmp_path: Path) -> None:
    await created(tmp_path)
    await store(tmp_path).discard(JOB)
    failed = list[EigenError]()

    class NeverSyncs(FaultyFileSystem):
        def sync_all(self, descriptor: int) -> None:
            raise OSError(errno.EIO, "the disk is gone")

    one = store(tmp_path, NeverSyncs())

    async def create(job_id: str) -> None:
        try:
            await one.create(job_id, INPUTS, facts={})
        except UnavailableError as error:
            failed.append(error)

    async with anyio.create_task_group() as group:
        for number in range(10):
            group.start_soon(create, f"job_{number:026}")
    assert len(failed) == 10
    assert await one.job_ids() == ()


class PowerCut(FaultyFileSystem):
    """A file system that knows which files have not been synced, and whose power fails at the Nth call."""

    def __init__(self, fail_at: int, *, together: bool) -> None:
        super().__init__(fail_at, for_ever=True, together=together)
        self.unsynced: dict[int, str] = {}

    def create_file(self, path: str) -> int:
        descriptor = super().create_file(path)
        self.unsynced[os.fstat(descriptor).st_ino] = path
        return descriptor

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        self.unsynced.pop(os.fstat(descriptor).st_ino, None)

    def sync_all(self, descriptor: int) -> None:
        super().sync_all(descriptor)
        self.unsynced.clear()

    def lose(self, root: Path, chance: Random) -> None:
        """Leave of each file that was not synced all, nothing, or something."""
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.stat().st_ino in self.unsynced:
                size = path.stat().st_size
                os.truncate(path, chance.choice([size, 0, chance.randint(0, size)]))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("seed", range(3))
async def test_a_power_cut_at_any_call_of_a_seal_leaves_it_whole_or_undone(
    tmp_path: Path, together: bool, seed: int
) -> None:
    """Names survive in the order in which they were given, as in a journal; content survives only what was synced."""
    for fail_at in range(1, 400):
        root, acknowledged = tmp_path / f"{fail_at}", False
        root.mkdir()
        await compiled(root)
        files = PowerCut(fail_at, together=together)
        with suppress(UnavailableError):
            await store(root, files).seal(JOB, RESULTS, facts={"b": 2})
            acknowledged = True
        files.lose(root, Random(1000 * seed + fail_at))
        await store(root).reset(JOB)
        meta = await store(root).meta(JOB)
        found = await whole_or_absent(root, INPUTS | AQO | RESULTS)
        assert found == ((INPUTS | AQO | RESULTS).keys() if meta["sealed"] else INPUTS.keys())
        assert meta["sealed"] or not acknowledged
        if not meta["sealed"]:
            await store(root).put(JOB, {"compiled.aqo.json": b"another attempt"})
            await store(root).seal(JOB, {"results.json": b"others"}, facts={})
        assert not [path for path in root.rglob(".*") if path.is_file()]
        if len(files.calls) < fail_at:
            return
    pytest.fail("it never completed")


@pytest.mark.parametrize("together", [True, False])
async def test_a_power_cut_at_any_call_of_a_creation_leaves_an_acknowledged_job_whole(
    tmp_path: Path, together: bool
) -> None:
    for fail_at in range(1, 400):
        root, acknowledged = tmp_path / f"{fail_at}", False
        root.mkdir()
        files = PowerCut(fail_at, together=together)
        with suppress(UnavailableError):
            await store(root, files).create(JOB, INPUTS, facts={})
            acknowledged = True
        files.lose(root, Random(fail_at))
        if acknowledged:
            assert await whole_or_absent(root, INPUTS) == INPUTS.keys()
        if len(files.calls) < fail_at:
            return
    pytest.fail("it never completed")


async def test_a_seal_of_which_only_a_name_survived_is_undone(tmp_path: Path) -> None:
    """A power cut may keep the new name of `meta.json`, and neither its content nor any name that was given before."""
    await created(tmp_path)
    (tmp_path / "circuit_fs" / JOB / "meta.json").unlink()
    (tmp_path / "circuit_fs" / JOB / "meta.json").touch()
    for _ in range(2):  # the way back is not used up
        await store(tmp_path).reset(JOB)
        assert (await store(tmp_path).meta(JOB))["sealed"] is False
        (tmp_path / "circuit_fs" / JOB / "meta.json").unlink()
        (tmp_path / "circuit_fs" / JOB / "meta.json").touch()


async def test_a_seal_that_was_believed_too_early_would_be_found_out(tmp_path: Path) -> None:
    """The proof that the power cut above can hurt: before `reset`, what it leaves is neither whole nor undone."""
    await compiled(tmp_path)
    files = FaultyFileSystem()
    with pytest.raises(UnavailableError):
        await store(tmp_path, _Unplugged()).seal(JOB, RESULTS, facts={"b": 2})
    assert (await store(tmp_path).meta(JOB))["sealed"] is True
    os.truncate(tmp_path / "circuit_fs" / JOB / "results.json", 0)
    assert await store(tmp_path).verify(JOB) != ()
    await store(tmp_path, files).reset(JOB)
    assert (await store(tmp_path).meta(JOB))["sealed"] is False
    assert "sync_all" not in files.calls


async def test_a_whole_seal_is_made_durable_before_it_is_believed(tmp_path: Path) -> None:
    """Its process may have been killed before the sync."""
    await compiled(tmp_path)
    with pytest.raises(UnavailableError):
        await store(tmp_path, _Unplugged()).seal(JOB, RESULTS, facts={"b": 2})
    files = FaultyFileSystem()
    await store(tmp_path, files).reset(JOB)
    assert (await store(tmp_path).meta(JOB))["sealed"] is True
    assert files.calls.count("sync_all") == 1


class _Unplugged(FaultyFileSystem):
    """Killed in the instant before it syncs: nothing is done any more, undoing included."""

    def sync_all(self, descriptor: int) -> None:
        self.fail_at, self.for_ever = len(self.calls), True
        raise OSError(errno.EIO, "unplugged")


async def test_a_sync_of_everything_that_took_too_long_is_left_alone_for_a_while(tmp_path: Path) -> None:
    class Busy(FaultyFileSystem):
        now_sec = 100.0

        def clock_sec(self) -> float:
            return self.now_sec

        def sync_all(self, descriptor: int) -> None:
            super().sync_all(descriptor)
            self.now_sec += 0.05  # it waited for what others have written

    files = Busy()
    one = store(tmp_path, files)

    async def syncs_of_all() -> int:
        before = files.calls.count("sync_all")
        await one.create(f"job_{len(await one.job_ids()):026}", INPUTS, facts={})
        return files.calls.count("sync_all") - before

    assert [await syncs_of_all() for _ in range(3)] == [1, 0, 0]
    files.now_sec += 10
    assert [await syncs_of_all() for _ in range(3)] == [1, 0, 0]


async def test_a_put_syncs_nothing(tmp_path: Path) -> None:
    await created(tmp_path)
    files = FaultyFileSystem()
    await store(tmp_path, files).put(JOB, {"compiled.aqo.json": b"{}"})
    assert not {"sync", "sync_all"} & set(files.calls)


async def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    await compiled(tmp_path)
    await store(tmp_path).seal(JOB, RESULTS, facts={})
    for path in (tmp_path / "circuit_fs").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE((tmp_path / "circuit_fs").stat().st_mode) == 0o700


async def test_the_folder_of_a_job_holds_its_files_by_name(tmp_path: Path) -> None:
    await compiled(tmp_path)
    await store(tmp_path).seal(JOB, RESULTS, facts={})
    folder = tmp_path / "circuit_fs" / JOB
    assert {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name != "meta.json"
    } == INPUTS | AQO | RESULTS


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"x" * 1000),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["changed", "emptied", "removed", "a link", "a folder", "a pipe"],
)
async def test_a_damaged_file_is_found_when_it_is_read_or_verified(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    await compiled(tmp_path)
    await store(tmp_path).seal(JOB, RESULTS, facts={})
    damage(tmp_path / "circuit_fs" / JOB / "results.json")
    with pytest.raises(InternalError) as caught:
        await store(tmp_path).read(JOB, "results.json")
    assert caught.value.reason == "ARTIFACT_CORRUPT"
    assert [one.name for one in await store(tmp_path).verify(JOB)] == ["results.json"]
    assert await store(tmp_path).read(JOB, "events.jsonl") == RESULTS["events.jsonl"]


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b'{"files":1,"sealed":true}', b'{"files":{"a":{}},"sealed":true}']
)
async def test_a_damaged_record_is_told_as_damage(tmp_path: Path, content: bytes | None) -> None:
    await created(tmp_path)
    path = tmp_path / "circuit_fs" / JOB / "meta.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InternalError) as caught:
        await store(tmp_path).meta(JOB)
    assert caught.value.reason == "ARTIFACT_CORRUPT"
    assert [one.name for one in await store(tmp_path).verify(JOB)] == ["meta.json"]


async def test_foreign_files_in_the_root_and_in_a_sealed_job_are_no_artifacts(tmp_path: Path) -> None:
    await created(tmp_path)
    await store(tmp_path).seal(JOB, {}, facts={})
    (tmp_path / "circuit_fs" / "notes.txt").write_text("x")
    (tmp_path / "circuit_fs" / JOB / "foreign").write_text("x")
    assert await store(tmp_path).job_ids() == (JOB,)
    assert {one.name for one in await store(tmp_path).artifacts(JOB)} == INPUTS.keys()
    with pytest.raises(NotFoundError):
        await store(tmp_path).read(JOB, "foreign")


async def test_what_a_killed_process_left_long_ago_is_swept_away(tmp_path: Path) -> None:
    await created(tmp_path)
    old, new = (tmp_path / "circuit_fs" / ".tmp" / name for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "job.yaml").write_text("x")
    os.utime(old, (0, 0))
    await store(tmp_path).create("job_" + "1" * 26, {}, facts={})
    assert (old.exists(), new.exists()) == (False, True)


async def test_a_cancelled_call_still_ends_whole(tmp_path: Path) -> None:
    one = store(tmp_path)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:

            async def create() -> None:
                await one.create(JOB, INPUTS, facts={})

            group.start_soon(create)
            await anyio.lowlevel.checkpoint()
            scope.cancel()
    assert await whole_or_absent(tmp_path, INPUTS) in (set(), INPUTS.keys())


async def test_two_stores_on_one_folder_agree(tmp_path: Path) -> None:
    await created(tmp_path)
    with pytest.raises(AlreadyExistsError):
        await store(tmp_path).create(JOB, {}, facts={})
    await store(tmp_path).put(JOB, {"a": b"1"})
    with pytest.raises(AlreadyExistsError):
        await store(tmp_path).put(JOB, {"a": b"2"})
