"""What every artifact store must do: run it against yours.

Each check is an async function that takes a new, empty store and raises `AssertionError` where the store breaks the
law of `eigen.ports.artifact_store`. `check_artifact_store` runs all of them; `ARTIFACT_STORE_CHECKS` lists them, so
that a test can be parametrized and each fact is a test of its own.

Example:
    >>> import anyio
    >>> from eigen.qfs.memory import MemoryArtifactStore
    >>> anyio.run(check_artifact_store, MemoryArtifactStore)
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager

import anyio

from eigen.contracts.canonical import sha256_hex
from eigen.contracts.errors import (
    AlreadyExistsError,
    EigenError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
)
from eigen.ports.artifact_store import Artifact, ArtifactStore, Opening

__all__ = ["ARTIFACT_STORE_CHECKS", "check_artifact_store"]

_JOB, _OTHER = "job_" + "0" * 26, "job_" + "1" * 26
_INPUTS = {"job.yaml": b"kind: QuantumJob\n", "program.eigen.py": b"\x00\xff\n", "empty": b""}
_OPENING = {"trace_id": "a" * 32, "program": {"filename": "program.eigen.py", "size": 2.5}}
_CLOSING = {"trace_id": "b" * 32, "record": {"state": "DONE", "note": "é", "none": None}}
_RESULTS = {"results.json": b'{"counts":{"0":1}}', "events.jsonl": b"{}\n" * 1000}

Check = Callable[[ArtifactStore], Awaitable[None]]


async def check_artifact_store(make_store: Callable[[], ArtifactStore]) -> None:
    """Run every check, each against a new store.

    Args:
        make_store: Function that returns a new, empty store.

    Raises:
        AssertionError: The store breaks the port's law; the message says which fact does not hold.
    """
    for check in ARTIFACT_STORE_CHECKS:
        try:
            await check(make_store())
        except AssertionError as error:
            raise AssertionError(f"{check.__name__}: {error}") from error


async def created_inputs_are_there(store: ArtifactStore) -> None:
    """Check that what was created is read back, listed with digests, and recorded with its facts."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    for name, content in _INPUTS.items():
        _require(await store.read(_JOB, name) == content, f"{name} is read back")
    _require(await store.artifacts(_JOB) == _records(_INPUTS), "artifacts are listed by name")
    meta = await store.meta(_JOB)
    _require(meta == {**_OPENING, "files": _digests(_INPUTS), "sealed": False}, "meta.json records inputs and facts")
    _require(await store.verify(_JOB) == (), "nothing is wrong with it")
    _require(await store.job_ids() == (_JOB,), "the job is listed")


async def a_job_is_created_once(store: ArtifactStore) -> None:
    """Check that a second creation is refused and changes nothing."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    await _refused(store.create(_JOB, {"other": b""}, facts={}), AlreadyExistsError)
    _require(await store.artifacts(_JOB) == _records(_INPUTS), "the first creation stands")


async def jobs_are_apart_and_listed_in_order(store: ArtifactStore) -> None:
    """Check that jobs do not see each other's files, and are listed sorted."""
    _require(await store.job_ids() == (), "a new store is empty")
    for job_id in (_OTHER, _JOB):
        await store.create(job_id, {"name": job_id.encode()}, facts={})
    _require(await store.job_ids() == (_JOB, _OTHER), "ids are sorted")
    _require(await store.read(_OTHER, "name") == _OTHER.encode(), "each has its own files")


async def a_put_file_is_there_and_is_never_replaced(store: ArtifactStore) -> None:
    """Check that the same content again is no error, other content is refused; inputs are protected as well."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    (record,) = _records({"compiled.aqo.json": b"{}"})
    for _ in range(2):
        _require(await store.put(_JOB, {"compiled.aqo.json": b"{}"}) == (record,), "put returns the record")
    await _refused(store.put(_JOB, {"compiled.aqo.json": b"[]"}), AlreadyExistsError, "ARTIFACT_EXISTS")
    await _refused(store.put(_JOB, {"job.yaml": b"other"}), AlreadyExistsError, "ARTIFACT_EXISTS")
    _require(await store.read(_JOB, "compiled.aqo.json") == b"{}", "the first content stands")
    _require(await store.artifacts(_JOB) == _records({**_INPUTS, "compiled.aqo.json": b"{}"}), "it is listed")
    _require((await store.meta(_JOB))["files"] == _digests(_INPUTS), "it is not recorded before the job is sealed")
    both = {"compiled.aqo.json": b"{}", "compiled.qasm": b"OPENQASM 3.0;"}
    _require(await store.put(_JOB, both) == _records(both), "put takes several files, and one that is there again")
    _require(await store.read(_JOB, "compiled.qasm") == both["compiled.qasm"], "the second file is there")


async def jobs_are_found_by_a_file(store: ArtifactStore) -> None:
    """Check that jobs are told by a file that they have, recorded or just added."""
    await store.create(_JOB, _INPUTS, facts={})
    await store.create(_OTHER, {}, facts={})
    await store.put(_OTHER, {"events.jsonl": b""})
    ids = [_JOB, _OTHER, "job_" + "2" * 26, "../escape"]
    for name, jobs in (("events.jsonl", {_OTHER}), ("job.yaml", {_JOB}), ("none", set()), ("../x", set()), ("", set())):
        _require(await store.having(name, ids) == jobs, f"those that have {name!r} are found")


async def a_job_without_a_folder_is_sealed_whole(store: ArtifactStore) -> None:
    """Check that an end makes the folder with what the job began with, and that one which is there is added to."""
    opening = Opening(files=_INPUTS, facts=_OPENING)
    await store.create(_OTHER, _INPUTS, facts=_OPENING)
    expected = {**_OPENING, **_CLOSING, "files": _digests({**_INPUTS, **_RESULTS}), "sealed": True}
    for job_id in (_JOB, _OTHER):
        for _ in range(2):
            await store.seal(job_id, _RESULTS, facts=_CLOSING, opening=opening)
            _require(await store.meta(job_id) == expected, "meta.json has every digest and all facts")
        _require(await store.verify(job_id) == (), "nothing is wrong with it")
        await _refused(store.seal(job_id, {"x": b""}, facts=_CLOSING, opening=opening), FailedPreconditionError)


async def what_is_missing_is_made_from_the_opening(store: ArtifactStore) -> None:
    """Check that a reset makes a folder that is not there, and leaves one that is whole as it is."""
    opening = Opening(files=_INPUTS, facts=_OPENING)
    made = {**_OPENING, "files": _digests(_INPUTS), "sealed": False}
    _require(await store.reset(_JOB, opening=opening) == made, "it is as created")
    _require(await store.artifacts(_JOB) == _records(_INPUTS), "its first files are there")
    await store.seal(_JOB, _RESULTS, facts=_CLOSING)
    _require((await store.reset(_JOB, opening=opening))["sealed"] is True, "an end that is whole stands")
    _require(await store.read(_JOB, "results.json") == _RESULTS["results.json"], "with its files")


async def sealing_records_everything(store: ArtifactStore) -> None:
    """Check that a sealed job has all files recorded, keeps its first facts where the last do not replace them."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    await store.put(_JOB, {"compiled.aqo.json": b"{}"})
    await store.seal(_JOB, {**_RESULTS, "job.yaml": _INPUTS["job.yaml"]}, facts=_CLOSING)
    everything = {**_INPUTS, "compiled.aqo.json": b"{}", **_RESULTS}
    expected = {**_OPENING, **_CLOSING, "files": _digests(everything), "sealed": True}
    _require(await store.meta(_JOB) == expected, "meta.json has every digest and all facts")
    _require(await store.artifacts(_JOB) == _records(everything), "all files are listed")
    for name, content in everything.items():
        _require(await store.read(_JOB, name) == content, f"{name} is read back")
    _require(await store.verify(_JOB) == (), "nothing is wrong with it")


async def a_sealed_job_does_not_change(store: ArtifactStore) -> None:
    """Check that nothing changes a sealed job; the same seal again is no error."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    await store.seal(_JOB, _RESULTS, facts=_CLOSING)
    before = (await store.meta(_JOB), await store.artifacts(_JOB))
    await _refused(store.put(_JOB, {"late": b""}), FailedPreconditionError)
    await _refused(store.put(_JOB, {"job.yaml": _INPUTS["job.yaml"]}), FailedPreconditionError)
    await _refused(store.seal(_JOB, {"late": b""}, facts=_CLOSING), FailedPreconditionError)
    await _refused(store.seal(_JOB, _RESULTS, facts={"record": None}), FailedPreconditionError)
    await _refused(store.discard(_JOB), FailedPreconditionError)
    await store.seal(_JOB, _RESULTS, facts=_CLOSING)
    await store.reset(_JOB)
    _require((await store.meta(_JOB), await store.artifacts(_JOB)) == before, "it is as it was sealed")


async def a_refused_seal_leaves_the_job_open(store: ArtifactStore) -> None:
    """Check that a file with other content refuses the whole seal; nothing of it is left behind."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    await _refused(store.seal(_JOB, {**_RESULTS, "job.yaml": b"other"}, facts=_CLOSING), AlreadyExistsError)
    _require(await store.artifacts(_JOB) == _records(_INPUTS), "no file of it is there")
    await store.seal(_JOB, {"results.json": b"others"}, facts=_CLOSING)
    _require(await store.read(_JOB, "results.json") == b"others", "another seal may follow")


async def a_reset_takes_an_attempt_back(store: ArtifactStore) -> None:
    """Check that after a reset only the inputs are there, and another attempt may add other content."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    await store.put(_JOB, {"compiled.aqo.json": b"first attempt"})
    await store.reset(_JOB)
    await store.reset(_JOB)
    _require(await store.artifacts(_JOB) == _records(_INPUTS), "only the inputs are left")
    await _refused(store.read(_JOB, "compiled.aqo.json"), NotFoundError)
    await store.put(_JOB, {"compiled.aqo.json": b"second attempt"})
    _require(await store.read(_JOB, "compiled.aqo.json") == b"second attempt", "another attempt may add its own")


async def a_discarded_job_is_gone(store: ArtifactStore) -> None:
    """Check that a job that was never acknowledged leaves nothing; to discard what is not there is no error."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    for _ in range(2):
        await store.discard(_JOB)
    _require(await store.job_ids() == (), "it is not listed")
    await _refused(store.meta(_JOB), NotFoundError)
    await store.create(_JOB, {}, facts={})
    _require(await store.artifacts(_JOB) == (), "its id is free again")


async def what_is_not_there_is_not_found(store: ArtifactStore) -> None:
    """Check that a job or file that is not there is said to be so."""
    for job_id in (_JOB, "../escape", "", "job_x"):
        for call in (store.put(job_id, {"a": b""}), store.seal(job_id, {}, facts={}), store.reset(job_id)):
            await _refused(call, NotFoundError)
        for reading in (store.read(job_id, "a"), store.artifacts(job_id), store.meta(job_id), store.verify(job_id)):
            await _refused(reading, NotFoundError)
    await store.create(_JOB, _INPUTS, facts={})
    for name in ("missing", "../../etc/passwd", "", ".", "..", "a/b", "a\0b", "x" * 500):
        await _refused(store.read(_JOB, name), NotFoundError)


async def names_that_could_lead_elsewhere_are_refused(store: ArtifactStore) -> None:
    """Check that ids of jobs and names of files have a narrow alphabet; meta.json is the store's own."""
    for job_id in ("", "job_x", "../job", "job_" + "0" * 25 + "/", _JOB + "\n", _JOB.upper()):
        await _refused(store.create(job_id, {}, facts={}), InvalidArgumentError)
    await store.create(_JOB, {}, facts={})
    for name in ("", ".", "..", ".hidden", "a/b", "../a", "a\0b", "a b", "é", "a\n", "x" * 200, "meta.json"):
        await _refused(store.create(_OTHER, {name: b""}, facts={}), InvalidArgumentError, "ARTIFACT_NAME")
        await _refused(store.put(_JOB, {name: b""}), InvalidArgumentError, "ARTIFACT_NAME")
        await _refused(store.seal(_JOB, {name: b""}, facts={}), InvalidArgumentError, "ARTIFACT_NAME")
    _require(await store.job_ids() == (_JOB,), "nothing was made")


async def jobs_may_be_worked_on_at_once(store: ArtifactStore) -> None:
    """Check that many jobs go through their lives side by side."""
    ids = [f"job_{number:026}" for number in range(20)]

    async def live(job_id: str) -> None:
        await store.create(job_id, _INPUTS, facts=_OPENING)
        await store.put(job_id, {"compiled.aqo.json": job_id.encode()})
        await store.seal(job_id, _RESULTS, facts=_CLOSING)

    async with anyio.create_task_group() as group:
        for job_id in ids:
            group.start_soon(live, job_id)
    _require(await store.job_ids() == tuple(ids), "all of them are there")
    for job_id in ids:
        _require(await store.verify(job_id) == (), "each is whole")
        _require(await store.read(job_id, "compiled.aqo.json") == job_id.encode(), "each has its own files")


async def one_of_many_creators_wins(store: ArtifactStore) -> None:
    """Check that of several that create one job at once, exactly one succeeds, and the job has its content whole."""
    winners: list[bytes] = []

    async def create(content: bytes) -> None:
        try:
            await store.create(_JOB, {"a": content, "b": content}, facts={})
        except AlreadyExistsError:
            return
        winners.append(content)

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(create, str(number).encode())
    _require(len(winners) == 1, "one of them succeeds")
    found = (await store.read(_JOB, "a"), await store.read(_JOB, "b"))
    _require(found == (winners[0], winners[0]), "its content is the one that is there")


async def a_journal_outlives_attempts_until_the_seal(store: ArtifactStore) -> None:
    """Check that journals are appended to, are no artifacts, stay when a job is reset, and go when it is sealed."""
    await store.create(_JOB, _INPUTS, facts=_OPENING)
    _require(await store.journals(_JOB) == (), "a new job has no journal")
    for part, line in ((1, b"b\n"), (0, b"a\n"), (1, b"c\n")):
        async with store.journal(_JOB, part) as descriptor:
            os.write(descriptor, line)
            await _refused(_entered(store.journal(_JOB, part)), UnavailableError, "JOURNAL_BUSY")
    _require(await store.journals(_JOB) == (b"a\n", b"b\nc\n"), "parts are in order, and what was there stays")
    await store.reset(_JOB)
    _require(await store.journals(_JOB) == (b"a\n", b"b\nc\n"), "a reset leaves journals alone")
    _require(await store.artifacts(_JOB) == _records(_INPUTS), "a journal is no artifact")
    files = {"results.json": b"{}"}
    await store.seal(_JOB, files, facts=_CLOSING)
    _require(await store.journals(_JOB) == (), "a sealed job has none")
    _require(await store.artifacts(_JOB) == _records({**_INPUTS, **files}), "what the seal was given is there")
    await _refused(_entered(store.journal(_JOB, 0)), FailedPreconditionError, "JOB_SEALED")


async def _entered(journal: AbstractAsyncContextManager[int]) -> None:
    async with journal:
        pass


ARTIFACT_STORE_CHECKS: tuple[Check, ...] = (
    created_inputs_are_there,
    a_job_is_created_once,
    jobs_are_apart_and_listed_in_order,
    a_put_file_is_there_and_is_never_replaced,
    jobs_are_found_by_a_file,
    sealing_records_everything,
    a_job_without_a_folder_is_sealed_whole,
    what_is_missing_is_made_from_the_opening,
    a_sealed_job_does_not_change,
    a_refused_seal_leaves_the_job_open,
    a_reset_takes_an_attempt_back,
    a_journal_outlives_attempts_until_the_seal,
    a_discarded_job_is_gone,
    what_is_not_there_is_not_found,
    names_that_could_lead_elsewhere_are_refused,
    jobs_may_be_worked_on_at_once,
    one_of_many_creators_wins,
)
"""Every check, in the order of a job's life."""


def _records(files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
    return tuple(
        Artifact(name=name, size_bytes=len(content), sha256=sha256_hex(content))
        for name, content in sorted(files.items())
    )


def _digests(files: Mapping[str, bytes]) -> dict[str, dict[str, object]]:
    return {one.name: {"sha256": one.sha256, "size_bytes": one.size_bytes} for one in _records(files)}


def _require(holds: bool, fact: str) -> None:
    if not holds:
        raise AssertionError(f"this does not hold: {fact}")


async def _refused(call: Awaitable[object], kind: type[EigenError], reason: str = "") -> None:
    try:
        await call
    except kind as error:
        _require(not reason or error.reason == reason, f"the reason is {reason}")
        return
    raise AssertionError(f"{kind.__name__} was not raised")
