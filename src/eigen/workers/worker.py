"""The worker's loop: one request at a time, until the socket ends.

A request is `{"id", "digest", "memory_bytes", "num_threads", "arguments"}` with the circuit as body, or without one
where the worker should hold it already. The answer is any number of `{"id", "part"}`, then `{"id", "part", "end"}`; or
`{"id", "unknown"}` where the worker lacks the circuit; or `{"id", "error", "story"}`.

A request for a job has `"trace"` too, `{"job_id", "trace_id", "span_id"}`, and the last frame of its answer `"spans"`:
what the work took here.

A request with `"loop"` comes with the descriptor of a journal, and always with its circuit; its arguments are those of
`eigen.workers.loops`. Its parts are reports of progress, sent while it runs, and the outcome.

The boundary catches BaseException on purpose: extension modules raise things that are no Exception (PyO3's
PanicException), and a worker that dies of one would cost its caches.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from eigen.contracts.errors import EigenError, InternalError, ResourceExhaustedError
from eigen.contracts.trace import Recorder, TraceContext, span, working_for
from eigen.workers.confinement import MemoryLimit, one_openmp_thread
from eigen.workers.digests import DigestCache
from eigen.workers.engine import Engine
from eigen.workers.frames import BlockingChannel, Frame, FrameTooLargeError

__all__ = ["serve"]

_STORY_CHARACTERS = 8_000


def serve(connection: socket.socket, engine: Engine) -> None:
    """Answer requests until the peer closes the socket."""
    channel = BlockingChannel(connection)
    prepared: DigestCache[Any] = DigestCache()
    limit = MemoryLimit()
    while (request := channel.receive()) is not None:
        recorder = _recorder()
        try:
            with _traced(request, recorder):
                for answer in _answers(request, engine, prepared, limit, channel):
                    _send(channel, request, answer, recorder)
        except BaseException as error:  # noqa: BLE001  # the boundary, see the module's header
            prepared.discard(request.header["digest"])
            answer = {"error": _as_eigen_error(error).to_json(), "story": _story(error)}
            _send(channel, request, answer, recorder)


def _recorder() -> Recorder:
    return Recorder(start_us=time.time_ns() // 1000, monotonic=time.monotonic, first_id=os.urandom(8).hex())


def _traced(request: Frame, recorder: Recorder) -> AbstractContextManager[None]:
    """Work for the job that a request is for, where it is for one."""
    trace = request.header.get("trace")
    if trace is None:
        return nullcontext()
    context = TraceContext(trace_id=trace["trace_id"], span_id=trace["span_id"])
    return working_for(trace["job_id"], context, recorder)


def _send(channel: BlockingChannel, request: Frame, answer: Mapping[str, Any], recorder: Recorder) -> None:
    is_last = "end" in answer or "error" in answer
    spans = {"spans": recorder.spans} if is_last and recorder.spans else {}
    channel.send(Frame({"id": request.header["id"], **answer, **spans}))


def _answers(
    request: Frame, engine: Engine, prepared: DigestCache[Any], limit: MemoryLimit, channel: BlockingChannel
) -> Iterator[dict[str, Any]]:
    header = request.header
    if "loop" in header:
        limit.set(header["memory_bytes"], num_threads=header["num_threads"])
        yield {"part": _minimized(request, engine, channel), "end": True}
        return
    if not request.body and header["digest"] not in prepared:
        yield {"unknown": True}
        return
    limit.set(header["memory_bytes"], num_threads=header["num_threads"])
    yield from _with_end(_run(request, engine, prepared))


def _minimized(request: Frame, engine: Engine, channel: BlockingChannel) -> Any:
    from eigen.workers.loops import run_loop

    def tell(part: Mapping[str, Any]) -> None:
        channel.send(Frame({"id": request.header["id"], "part": part}))

    journal = channel.descriptors.popleft()
    try:
        with span("worker.loop", pid=os.getpid()), one_openmp_thread():
            return run_loop(engine, request.body, request.header["arguments"], journal=journal, tell=tell)
    finally:
        os.close(journal)


def _run(request: Frame, engine: Engine, prepared: DigestCache[Any]) -> Iterator[Any]:
    with span("worker.run", pid=os.getpid(), was_prepared=not request.body):
        yield from engine.run(_prepared(request, engine, prepared), request.header["arguments"])


def _prepared(request: Frame, engine: Engine, prepared: DigestCache[Any]) -> Any:
    digest = request.header["digest"]
    if request.body:
        with span("worker.prepare"):
            made = engine.prepare(request.body)
        prepared.put(digest, made, size_bytes=len(request.body))
    return prepared.get(digest)


def _with_end(parts: Iterator[Any]) -> Iterator[dict[str, Any]]:
    """Yield each part in a frame, the last one together with the end, so that a small answer is one frame."""
    held: list[Any] = []
    for part in parts:
        if held:
            yield {"part": held.pop()}
        held.append(part)
    yield {"part": held[0], "end": True} if held else {"end": True}


def _as_eigen_error(error: BaseException) -> EigenError:
    if isinstance(error, EigenError):
        return error
    if isinstance(error, MemoryError):
        return ResourceExhaustedError(
            "the simulation ran out of the memory that it was given",
            reason="DEVICE_MEMORY",
            hint="use fewer qubits, or a method that needs less memory",
        )
    if isinstance(error, FrameTooLargeError):
        return ResourceExhaustedError("a part of the result is too large to be sent", reason="RESULT_TOO_LARGE")
    return InternalError(
        f"the simulator failed with {type(error).__name__}",
        reason="ENGINE_FAILED",
        hint="the log has the full story",
    )


def _story(error: BaseException) -> str:
    if isinstance(error, EigenError):
        return ""
    return "".join(traceback.format_exception(error))[-_STORY_CHARACTERS:]
