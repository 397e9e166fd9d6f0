"""What a compiled job leaves in CircuitFS: its circuit, and for people and other tools the same in OpenQASM 3.

A job's end puts these files on disk together with its first ones and its results. Jobs that take longer have them there
before, for whoever wants to look at them meanwhile: `save_long_jobs` sees to it, beside the jobs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from eigen.contracts.errors import EigenError
from eigen.workers.digests import DigestCache

if TYPE_CHECKING:
    from eigen.contracts.compilation import CompiledProgram
    from eigen.kernel.run import JobRun
    from eigen.ports.clock import Clock

__all__ = ["MAX_WRITTEN_OPERATIONS", "SAVE_EVERY_SEC", "CircuitFiles", "save_long_jobs"]

MAX_WRITTEN_OPERATIONS = 10_000
"""Largest circuit that is written as OpenQASM too; `eigen compile --emit qasm3` writes any."""

SAVE_EVERY_SEC = 0.5
"""How often jobs are looked for that have been there for so long and have not ended."""

_SAVED_AT_ONCE = 10
_MAX_WRITTEN_BYTES = 4 * 1024 * 1024
_REMEMBERED_BYTES = 8 * 1024 * 1024
_AT_ONCE_BYTES = 16 * 1024  # takes less than a turn of the event loop may take


class CircuitFiles:
    """Makes the files of compiled circuits, and remembers the OpenQASM of the last ones, which takes longest."""

    def __init__(self) -> None:
        self._texts: DigestCache[bytes] = DigestCache(max_bytes=_REMEMBERED_BYTES)

    async def of(self, compiled: CompiledProgram) -> dict[str, bytes]:
        """Return the files of a compiled program by name."""
        files = {"compiled.aqo.json": compiled.aqo_json}
        size_bytes = len(compiled.aqo_json)
        if compiled.profile.num_operations <= MAX_WRITTEN_OPERATIONS and size_bytes <= _MAX_WRITTEN_BYTES:
            files["compiled.qasm"] = self._texts.get(compiled.digest) or await self._written(compiled)
        return files

    async def _written(self, compiled: CompiledProgram) -> bytes:
        is_quick = len(compiled.aqo_json) <= _AT_ONCE_BYTES
        text = _text(compiled) if is_quick else await run_sync(_text, compiled)
        self._texts.put(compiled.digest, text, size_bytes=len(text))
        return text


async def save_long_jobs(jobs: Iterable[JobRun], *, save: Callable[[JobRun], Awaitable[None]], clock: Clock) -> None:
    """Have what there is of jobs that take long put on disk, some at a time, the oldest first, until cancelled."""
    before: Mapping[str, JobRun] = {}
    while True:
        unsaved = {run.record.job_id: run for run in jobs if run.circuit_files or run.opening is not None}
        for run in islice((run for job_id, run in unsaved.items() if job_id in before), _SAVED_AT_ONCE):
            with suppress(EigenError):  # the job's end tries again, and tells
                await save(run)
        before = unsaved
        await clock.sleep_until(clock.monotonic() + SAVE_EVERY_SEC)


def _text(compiled: CompiledProgram) -> bytes:
    from eigen.contracts.aqo_json import decode
    from eigen.formats.openqasm_export import to_openqasm3

    return to_openqasm3(decode(compiled.aqo_json, require_measurement=False)).encode()
