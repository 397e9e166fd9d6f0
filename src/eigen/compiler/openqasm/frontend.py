"""The compiler's side of the worker: a program goes out, its circuit or its error comes back.

A worker is started with the first program. Whoever is cancelled takes the worker that reads for him with it, and so
does a program that takes too long.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import anyio

from eigen.contracts.canonical import sha256_hex
from eigen.contracts.compilation import CompileLimits, ProgramSource
from eigen.contracts.errors import EigenError, InternalError, ResourceExhaustedError, UnavailableError
from eigen.workers.pool import WorkerPool, WorkerRequest

__all__ = ["OpenQasmFrontend"]

_log = logging.getLogger(__name__)

_ENGINE = "eigen.compiler.openqasm.engine:OpenQasmEngine"
_NUM_WORKERS = 2
_MEMORY_BYTES = 1024 * 1024 * 1024
_TIME_LIMIT_SEC = 60.0
_TRIES = 2


class OpenQasmFrontend:
    """Reads OpenQASM in worker processes; an asynchronous context manager."""

    def __init__(self) -> None:
        self._pool = WorkerPool(_ENGINE, size=_NUM_WORKERS, environment={"PYTHONHASHSEED": "0"})

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The ids of the processes that work here now; none before the first program."""
        return self._pool.process_ids

    async def __aenter__(self) -> Self:
        """Begin to serve; no process is started yet."""
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End every process."""
        await self._pool.__aexit__(kind, error, traceback)

    async def read(
        self, source: ProgramSource, *, inputs: Mapping[str, Any], limits: CompileLimits
    ) -> tuple[bytes, frozenset[str]]:
        """Return a program's circuit as canonical AQO, and the names of the inputs that shaped it.

        Raises:
            InvalidArgumentError: The program is wrong; `diagnostics` says where.
            ResourceExhaustedError: It passes a limit, takes too long or too much memory.
            UnimplementedError: It uses a part of the language that is not supported.
            UnavailableError: The process that reads it died, again and again.
        """
        content = source.content or b"\n"  # a worker takes an empty request for one that it has had before
        request = WorkerRequest(
            digest=sha256_hex(content),
            content=content,
            memory_bytes=_MEMORY_BYTES,
            arguments={
                "language": source.language.value,
                "filename": source.filename,
                "inline_line": source.inline_line,
                "inline_indent": source.inline_indent,
                "limits": asdict(limits),
                "inputs": dict(inputs),
            },
        )
        return await self._read(request)

    async def _read(self, request: WorkerRequest) -> tuple[bytes, frozenset[str]]:
        for tried in range(1, _TRIES + 1):
            parts: list[Mapping[str, Any]] = []
            try:
                with anyio.fail_after(_TIME_LIMIT_SEC):
                    await self._pool.run(request, parts.append)
            except TimeoutError as error:
                raise ResourceExhaustedError(
                    f"reading the program takes more than {_TIME_LIMIT_SEC:g} seconds",
                    reason="QASM_TIME",
                    hint="use fewer gates or repetitions",
                ) from error
            except EigenError as error:
                if error.reason != "WORKER_DIED" or tried == _TRIES:
                    raise _in_our_words(error) from error
                _log.warning("the process that reads OpenQASM died; the program is read again")
            else:
                names, *circuit = parts
                return "".join(part["aqo"] for part in circuit).encode("ascii"), frozenset(names["static_inputs"])
        raise AssertionError("the last try returns or raises")


def _in_our_words(error: EigenError) -> EigenError:
    """Return what workers say of engines as what it means for a program."""
    if error.reason == "DEVICE_MEMORY":
        return ResourceExhaustedError(
            f"reading the program takes more than {_MEMORY_BYTES} bytes of memory",
            reason="QASM_MEMORY",
            hint="use fewer gates or repetitions",
            details=error.details,
        )
    if error.reason in ("WORKER_DIED", "ENGINE_UNAVAILABLE"):
        return UnavailableError("the process that reads OpenQASM cannot be kept alive", reason="QASM_READER_DIED")
    if error.reason == "ENGINE_FAILED":
        return InternalError(
            "a defect of Eigen OS stopped the reading of the program; it is not your program's fault",
            reason="INTERNAL",
            hint="report it with the program",
        )
    return error
