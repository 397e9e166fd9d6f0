"""The wrapped ports: results, errors and cancellation go through unchanged; each call is counted and told of once."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.compilation import CompiledProgram, CompileRequest, ProgramSource
from eigen.contracts.devices import DeviceInfo, Reservation
from eigen.contracts.errors import InternalError, InvalidArgumentError, NotFoundError, UnavailableError
from eigen.contracts.execution import CircuitFormat, CircuitPayload, ExecutionOptions, ExecutionRequest
from eigen.contracts.jobs import JobFilter, JobRecord
from eigen.contracts.jobspec import JobMetadata, JobSpec
from eigen.contracts.loops import LoopRequest, LoopTask
from eigen.contracts.requests import CheckedJob, CompileJobRequest, RequestContext, SubmitJobRequest
from eigen.contracts.trace import Recorder, TraceContext, working_for
from eigen.ports.artifact_store import ArtifactStore
from eigen.ports.clock import Clock
from eigen.ports.compiler import Compiler
from eigen.ports.drivers import DriverManager
from eigen.ports.system_api import SystemApi
from eigen.telemetry.setup import Telemetry
from eigen.telemetry.sinks import MemorySink

SECRET = "hunter2"
JOB = "job_" + "1" * 26
CONTEXT = TraceContext(trace_id="a" * 32, span_id="b" * 16)
SOURCE = ProgramSource(content=f"# {SECRET}".encode())
PROFILE = CircuitProfile(qubits=2, clbits=2, op_counts={"H": 1, "CX": 1, "MEASURE": 1})
OPTIONS = ExecutionOptions(shots=100, seed=7, driver_options={SECRET: SECRET})
SPEC = JobSpec(metadata=JobMetadata(name="bell", labels={SECRET: SECRET}), extra={SECRET: SECRET}).overridden(
    inputs={"theta": SECRET}
)
CALLER = RequestContext(subject="ada", traceparent=CONTEXT.traceparent)
SUBMISSION = SubmitJobRequest(spec=SPEC, source=SOURCE, job_yaml=SECRET.encode(), idempotency_key=SECRET)
EXECUTION = ExecutionRequest(
    job_id=JOB,
    device_id="sim:local",
    payload=CircuitPayload(format=CircuitFormat.AQO_JSON, data=SECRET.encode(), digest="d" * 64, profile=PROFILE),
    options=OPTIONS,
    bindings=({"theta": 0.1}, {"theta": 0.2}),
)
REQUESTS = {
    (SystemApi, "submit_job"): SUBMISSION,
    (SystemApi, "check_job"): SUBMISSION,
    (SystemApi, "compile"): CompileJobRequest(source=SOURCE, inputs={"theta": SECRET}),
    (Compiler, "compile"): CompileRequest(source=SOURCE, inputs={"theta": SECRET}),
    (DriverManager, "minimize"): LoopRequest(
        job_id=JOB,
        device_id="sim:local",
        payload=CircuitPayload(format=CircuitFormat.AQO_JSON, data=SECRET.encode(), digest="d" * 64, profile=PROFILE),
        task=LoopTask(
            objective=SECRET, initial=(0.1,), method="COBYLA", max_evals=9, seed=1, is_sampled=False, shots=100
        ),
        options=OPTIONS,
    ),
}
ARGUMENTS: dict[str, Any] = {
    "requests": (EXECUTION,),
    "job_ids": [JOB],
    "job_id": JOB,
    "name": "results.json",
    "opening": None,
    "part": 0,
    "journal": 7,
    "tell": print,
    "files": {"job.yaml": SECRET.encode(), "program.eigen.py": b"1234"},
    "facts": {"inputs": SECRET},
    "context": CALLER,
    "job_filter": JobFilter(name="bell"),
    "page_size": 3,
    "page_token": "token",
    "all_subjects": True,
    "ttl_sec": 60.0,
    "purpose": SECRET,
    "reservation_id": "res_1",
    "last_event_seq": 4,
    "when_ended": True,
    "device_id": "sim:local",
    "target": "sim",
    "profile": PROFILE,
    "options": OPTIONS,
}
RESERVATION = Reservation(
    reservation_id="res_1",
    device_id="sim:local",
    subject="ada",
    tenant="default",
    purpose=SECRET,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    expires_at=datetime(2026, 1, 3, tzinfo=UTC),
)
DEVICE = DeviceInfo(
    device_id="sim:local",
    driver="sim",
    description="",
    simulator=True,
    num_qubits=30,
    gates=("h", "cx"),
    max_shots=1000,
    slots=1,
)
PROGRAM = CompiledProgram(aqo_json=SECRET.encode(), digest="e" * 64, profile=PROFILE, binding={"theta": 0.5})
WRAPPERS: dict[type, str] = {
    SystemApi: "api",
    Compiler: "compiler",
    DriverManager: "drivers",
    ArtifactStore: "artifacts",
}
METHODS = [
    pytest.param(port, name, id=f"{port.__name__}.{name}")
    for port in WRAPPERS
    for name in sorted(port.__abstractmethods__)
    if name != "devices"  # which the wrapper itself asks for; it has a test of its own
]
STREAM = (SystemApi, "stream_job_updates")
SYNCHRONOUS = {"device", "admit", "runs_loops", "journal"}


@dataclass
class Script:
    """What a scripted port answers, and how it was called."""

    answer: Any = None
    error: BaseException | None = None
    waits: bool = False
    called: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    closed: bool = False

    def reply(self, name: str, arguments: dict[str, Any]) -> Any:
        self.called.append((name, arguments))
        if self.error is not None:
            raise self.error
        return self.answer


def scripted(port: type, script: Script) -> Any:
    """Return an adapter of a port that answers every call as the script says."""
    return type("Scripted", (port,), {name: _method(port, name, script) for name in port.__abstractmethods__})()


def _method(port: type, name: str, script: Script) -> Callable[..., Any]:
    signature = inspect.signature(getattr(port, name))

    def bound(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return dict(list(signature.bind(*args, **kwargs).arguments.items())[1:])

    async def answer(*args: Any, **kwargs: Any) -> Any:
        if script.waits:
            await anyio.sleep_forever()
        return script.reply(name, bound(*args, **kwargs))

    async def stream(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        try:
            for one in await answer(*args, **kwargs):
                yield one
        finally:
            script.closed = True

    def answer_now(*args: Any, **kwargs: Any) -> Any:
        if name == "devices":
            return (DEVICE,)
        return script.reply(name, bound(*args, **kwargs))

    if (port, name) == STREAM:
        return stream
    return answer if inspect.iscoroutinefunction(getattr(port, name)) else answer_now


def arguments_of(port: type, name: str) -> dict[str, Any]:
    known = {**ARGUMENTS, "request": REQUESTS.get((port, name))}
    return {one: known[one] for one in list(inspect.signature(getattr(port, name)).parameters)[1:]}


def answer_of(port: type, name: str, record: JobRecord) -> Any:
    if (port, name) in {(SystemApi, "submit_job"), (SystemApi, "cancel_job")}:
        return record.status()
    if name == "reserve_device":
        return RESERVATION
    if name == "check_job":
        return CheckedJob(problems=(InvalidArgumentError(SECRET),))
    if name == "compile":
        return PROGRAM
    if inspect.signature(getattr(port, name)).return_annotation == "None":
        return None
    return b"12345" if name in {"read", "get_artifact"} else [object(), object()]


async def call(wrapped: Any, port: type, name: str) -> Any:
    arguments = arguments_of(port, name)
    positional = [arguments.pop(one) for one in list(arguments) if _is_positional(port, name, one)]
    outcome = getattr(wrapped, name)(*positional, **arguments)
    if (port, name) == STREAM:
        return [one async for one in outcome]
    return await outcome if inspect.isawaitable(outcome) else outcome


def _is_positional(port: type, name: str, parameter: str) -> bool:
    return inspect.signature(getattr(port, name)).parameters[parameter].kind is not inspect.Parameter.KEYWORD_ONLY


def wrap(telemetry: Telemetry, port: type, script: Script) -> Any:
    return getattr(telemetry, WRAPPERS[port])(scripted(port, script))


def counted(telemetry: Telemetry) -> list[tuple[str, dict[str, str], float]]:
    """Return (name, labels, value) of every counter that has counted something."""
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(telemetry.metrics.render())
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value
    ]


@pytest.mark.parametrize(("port", "name"), METHODS)
async def test_arguments_and_results_go_through_unchanged(
    telemetry: Telemetry, record: JobRecord, port: type, name: str
) -> None:
    script = Script(answer=answer_of(port, name, record))
    result = await call(wrap(telemetry, port, script), port, name)
    assert result == script.answer
    if (port, name) != STREAM:
        assert result is script.answer
    assert script.called == [(name, arguments_of(port, name))]


@pytest.mark.parametrize(
    "error",
    [NotFoundError("no"), RuntimeError("defect"), KeyboardInterrupt()],
    ids=["expected", "defect", "interrupt"],
)
@pytest.mark.parametrize(("port", "name"), METHODS)
async def test_errors_go_through_unchanged(telemetry: Telemetry, port: type, name: str, error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        await call(wrap(telemetry, port, Script(answer=None, error=error)), port, name)
    assert caught.value is error


@pytest.mark.parametrize(
    ("port", "name"),
    [one for one in METHODS if one.values[1] not in SYNCHRONOUS],
)
async def test_cancellation_goes_through(telemetry: Telemetry, port: type, name: str) -> None:
    """A call that is abandoned ends at once, and is counted as cancelled where calls are counted by status."""
    with anyio.move_on_after(0) as scope:
        await call(wrap(telemetry, port, Script(waits=True)), port, name)
    assert scope.cancelled_caught
    statuses = {labels.get("status", labels.get("outcome")) for _, labels, _ in counted(telemetry)}
    assert statuses <= {"CANCELLED"}
    assert statuses or port is ArtifactStore


@pytest.mark.parametrize("name", [one.values[1] for one in METHODS if one.values[0] is SystemApi])
async def test_every_call_of_the_system_api_is_counted_and_timed(
    telemetry: Telemetry, record: JobRecord, name: str
) -> None:
    api = wrap(telemetry, SystemApi, Script(answer=answer_of(SystemApi, name, record)))
    await call(api, SystemApi, name)
    refusing = wrap(telemetry, SystemApi, Script(error=NotFoundError("no")))
    with pytest.raises(NotFoundError):
        await call(refusing, SystemApi, name)
    assert counted(telemetry) == [
        ("eigen_api_requests_total", {"method": name, "status": "OK"}, 1),
        ("eigen_api_requests_total", {"method": name, "status": "NOT_FOUND"}, 1),
    ]
    value = telemetry.metrics.value
    assert value("eigen_api_request_duration_seconds_count", {"method": name}) == 2
    assert value("eigen_api_request_duration_seconds_sum", {"method": name}) == 1.0


async def test_a_submission_is_told_with_the_jobs_ids(
    telemetry: Telemetry, sink: MemorySink, record: JobRecord
) -> None:
    await call(wrap(telemetry, SystemApi, Script(answer=record.status())), SystemApi, "submit_job")
    (line,) = sink.events()
    assert (line["service"], line["event"], line["level"]) == ("system-api", "api.submit_job", "info")
    assert (line["job_id"], line["trace_id"]) == (record.job_id, record.trace_id)
    assert (line["name"], line["subject"], line["source_bytes"]) == ("bell", "ada", len(SOURCE.content))
    assert line["duration_sec"] == 0.5


async def test_a_cancel_is_told_with_the_jobs_ids(telemetry: Telemetry, sink: MemorySink, record: JobRecord) -> None:
    await call(wrap(telemetry, SystemApi, Script(answer=record.status())), SystemApi, "cancel_job")
    (line,) = sink.events("api.cancel_job")
    assert (line["job_id"], line["trace_id"], line["by"], line["state"]) == (JOB, record.trace_id, "ada", "PENDING")


async def test_a_submission_that_is_refused_is_told_with_the_callers_trace(
    telemetry: Telemetry, sink: MemorySink
) -> None:
    error = InvalidArgumentError(f"unknown key {SECRET}", reason="JOBSPEC_UNKNOWN_TARGET")
    with pytest.raises(InvalidArgumentError):
        await call(wrap(telemetry, SystemApi, Script(error=error)), SystemApi, "submit_job")
    (line,) = sink.events()
    assert (line["level"], line["error"], line["reason"]) == ("warning", "INVALID_ARGUMENT", "JOBSPEC_UNKNOWN_TARGET")
    assert (line["trace_id"], line["job_id"]) == (CONTEXT.trace_id, "")


@pytest.mark.parametrize("traceparent", ["", "00-nonsense"])
async def test_a_caller_without_a_trace_is_no_problem(telemetry: Telemetry, sink: MemorySink, traceparent: str) -> None:
    api = wrap(telemetry, SystemApi, Script(error=InvalidArgumentError("no")))
    for context in (None, RequestContext(subject="ada", traceparent=traceparent)):
        with pytest.raises(InvalidArgumentError):
            await api.submit_job(REQUESTS[SystemApi, "submit_job"], context=context)
    assert [line["trace_id"] for line in sink.events()] == ["", ""]


async def test_calls_that_change_nothing_are_told_only_in_trouble(
    telemetry: Telemetry, sink: MemorySink, record: JobRecord
) -> None:
    await call(wrap(telemetry, SystemApi, Script(answer=record.status())), SystemApi, "get_job_status")
    with pytest.raises(NotFoundError):
        await call(wrap(telemetry, SystemApi, Script(error=NotFoundError("no"))), SystemApi, "get_job_status")
    assert sink.lines == []
    with pytest.raises(UnavailableError):
        await call(wrap(telemetry, SystemApi, Script(error=UnavailableError("disk"))), SystemApi, "get_job_status")
    (line,) = sink.events()
    assert (line["event"], line["job_id"], line["error"]) == ("api.get_job_status", JOB, "UNAVAILABLE")
    assert "traceback" not in line


async def test_a_defect_that_reaches_the_caller_is_told_with_its_story(telemetry: Telemetry, sink: MemorySink) -> None:
    hidden = InternalError("defect 7")
    hidden.__cause__ = ZeroDivisionError("the cause")
    for error in (ZeroDivisionError("the cause"), hidden):
        with pytest.raises(type(error)):
            await call(wrap(telemetry, SystemApi, Script(error=error)), SystemApi, "compile")
    for line in sink.events():
        assert (line["level"], line["error"]) == ("error", "INTERNAL")
        assert "ZeroDivisionError: the cause" in line["traceback"]


async def test_a_defect_below_the_kernel_is_left_to_the_kernel_to_tell(telemetry: Telemetry, sink: MemorySink) -> None:
    with pytest.raises(ZeroDivisionError):
        await call(wrap(telemetry, Compiler, Script(error=ZeroDivisionError())), Compiler, "compile")
    (line,) = sink.events()
    assert line["error"] == "INTERNAL"
    assert "traceback" not in line


async def test_a_reader_may_leave_a_stream_and_the_stream_is_closed_at_once(telemetry: Telemetry) -> None:
    script = Script(answer=["first", "second"])
    updates = wrap(telemetry, SystemApi, script).stream_job_updates(JOB)
    assert await anext(updates) == "first"
    assert not script.closed
    await updates.aclose()
    assert script.closed
    labels = {"method": "stream_job_updates", "status": "OK"}
    assert counted(telemetry) == [("eigen_api_requests_total", labels, 1)]


async def test_a_stream_without_a_close_is_read_to_its_end(telemetry: Telemetry) -> None:
    class Plain:
        def __init__(self) -> None:
            self._left = [2, 1]

        def __aiter__(self) -> Plain:
            return self

        async def __anext__(self) -> int:
            if not self._left:
                raise StopAsyncIteration
            return self._left.pop()

    inner = scripted(SystemApi, Script())
    type(inner).stream_job_updates = lambda self, job_id, **options: Plain()
    assert [one async for one in telemetry.api(inner).stream_job_updates(JOB)] == [1, 2]


async def test_programs_are_counted_by_outcome_and_told_by_sizes_and_digests(
    telemetry: Telemetry, sink: MemorySink
) -> None:
    with working_for(JOB, CONTEXT):
        await call(wrap(telemetry, Compiler, Script(answer=PROGRAM)), Compiler, "compile")
        error = InvalidArgumentError(SECRET, reason="EL0203")
        with pytest.raises(InvalidArgumentError):
            await call(wrap(telemetry, Compiler, Script(error=error)), Compiler, "compile")
    assert counted(telemetry) == [
        ("eigen_compiler_programs_total", {"outcome": "OK"}, 1),
        ("eigen_compiler_programs_total", {"outcome": "INVALID_ARGUMENT"}, 1),
    ]
    good, bad = sink.events("compiler.compile")
    assert (good["service"], good["job_id"], good["trace_id"]) == ("compiler", JOB, CONTEXT.trace_id)
    assert (good["aqo_digest"], good["num_operations"], good["num_qubits"]) == ("e" * 64, 3, 2)
    assert (bad["job_id"], bad["error"], bad["reason"]) == (JOB, "INVALID_ARGUMENT", "EL0203")


async def test_driver_calls_are_counted_by_driver_and_executions_told(telemetry: Telemetry, sink: MemorySink) -> None:
    for name in ("status", "admit", "prepare", "execute_many"):
        await call(wrap(telemetry, DriverManager, Script()), DriverManager, name)
    expected = [
        ("eigen_driver_requests_total", {"driver": "sim", "op": name, "status": "OK"}, 1)
        for name in ("status", "admit", "prepare", "execute")
    ]
    assert counted(telemetry) == expected
    (line,) = sink.events()
    assert (line["service"], line["event"], line["device_id"]) == ("driver-manager", "driver.execute", "sim:local")
    assert (line["job_id"], line["num_circuits"], line["num_bindings"], line["shots"]) == (JOB, 1, 2, 100)
    assert line["payload_digest"] == "d" * 64


def test_devices_go_through(telemetry: Telemetry) -> None:
    assert wrap(telemetry, DriverManager, Script()).devices() == (DEVICE,)
    assert counted(telemetry) == []


async def test_a_device_that_nobody_has_makes_no_label(telemetry: Telemetry) -> None:
    manager = wrap(telemetry, DriverManager, Script(error=None))
    for number in range(3):
        await manager.status(f"made-up-{number}:device")
    labels = {"driver": "other", "op": "status", "status": "OK"}
    assert counted(telemetry) == [("eigen_driver_requests_total", labels, 3)]


async def test_the_driver_manager_is_opened_and_closed_through_the_wrapper(telemetry: Telemetry) -> None:
    opened: list[str] = []

    class Manager(type(scripted(DriverManager, Script()))):
        async def __aenter__(self) -> Any:
            opened.append("opened")
            return self

        async def __aexit__(self, *error: Any) -> None:
            opened.append(f"closed by {error[0].__name__}")

    wrapped = telemetry.drivers(Manager())
    with pytest.raises(KeyError):
        async with wrapped as entered:
            assert entered is wrapped
            raise KeyError
    assert opened == ["opened", "closed by KeyError"]


async def test_bytes_of_artifacts_are_counted_where_they_moved(telemetry: Telemetry, sink: MemorySink) -> None:
    for name in ("create", "put", "seal"):
        await call(wrap(telemetry, ArtifactStore, Script()), ArtifactStore, name)
    await call(wrap(telemetry, ArtifactStore, Script(answer=b"12345")), ArtifactStore, "read")
    with pytest.raises(UnavailableError):
        await call(wrap(telemetry, ArtifactStore, Script(error=UnavailableError("disk"))), ArtifactStore, "put")
    sizes = {"create": len(SECRET) + 4, "put": len(SECRET) + 4, "seal": len(SECRET) + 4, "read": 5}
    assert counted(telemetry) == [("eigen_qfs_bytes_total", {"op": op}, size) for op, size in sizes.items()]
    (line,) = sink.events()
    assert (line["service"], line["event"], line["error"]) == ("qfs", "qfs.put", "UNAVAILABLE")
    assert (line["job_id"], line["size_bytes"]) == (JOB, len(SECRET) + 4)
    assert line["name"] == "job.yaml, program.eigen.py"


async def test_a_submission_is_a_live_span_in_the_callers_trace(
    sink: MemorySink, clock: Clock, provider: Any, record: JobRecord
) -> None:
    telemetry = Telemetry(sink, clock=clock, tracer_provider=provider)
    await call(wrap(telemetry, SystemApi, Script(answer=record.status())), SystemApi, "submit_job")
    await call(wrap(telemetry, SystemApi, Script(answer=record.status())), SystemApi, "get_job_status")
    (span,) = provider.spans
    assert (span.name, span.ended) == ("api.submit_job", True)
    assert format(span.parent.trace_id, "032x") == CONTEXT.trace_id


async def test_compiling_and_executing_are_spans_of_the_job_that_is_worked_for(telemetry: Telemetry) -> None:
    recorder = Recorder(start_us=0, monotonic=lambda: 1.0, first_id=CONTEXT.span_id)
    with working_for(JOB, CONTEXT, recorder):
        await call(wrap(telemetry, Compiler, Script(answer=PROGRAM)), Compiler, "compile")
        with pytest.raises(UnavailableError):
            failing = wrap(telemetry, DriverManager, Script(error=UnavailableError(SECRET)))
            await call(failing, DriverManager, "execute_many")
    assert [(one["name"], one["status"]) for one in recorder.spans] == [
        ("compiler.compile", "OK"),
        ("driver.execute", "UNAVAILABLE"),
    ]
    assert SECRET not in str(recorder.spans)


async def test_no_secret_is_ever_told(sink: MemorySink, clock: Clock, provider: Any, record: JobRecord) -> None:
    """Inputs, program text, job files, unknown keys, options, messages of errors: none is in lines, labels, spans."""
    telemetry = Telemetry(sink, clock=clock, tracer_provider=provider)
    for port, name in (one.values for one in METHODS):
        await call(wrap(telemetry, port, Script(answer=answer_of(port, name, record))), port, name)
        for error in (InvalidArgumentError(SECRET, hint=SECRET, details={"a": SECRET}), UnavailableError(SECRET)):
            with pytest.raises(type(error)):
                await call(wrap(telemetry, port, Script(error=error)), port, name)
    told = b"".join(sink.lines).decode() + telemetry.metrics.render()
    told += "".join(f"{span.name} {span.attributes} {span.status}" for span in provider.spans)
    assert len(sink.lines) > len(METHODS)
    assert SECRET not in told
