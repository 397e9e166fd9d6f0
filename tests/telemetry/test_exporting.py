"""Export of spans: a job's whole trace reaches a collector over OTLP/HTTP, with our own ids."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import eigen
from eigen.client.packaging import package
from eigen.contracts.errors import FailedPreconditionError
from eigen.contracts.requests import RequestContext
from eigen.telemetry.exporting import is_wanted, open_exporting
from eigen.telemetry.job_trace import job_spans
from eigen.testing.scripted_driver import ScriptedDriver

BELL = "@hybrid_program(target='scripted:device')\ndef main():\n    q = QubitRegister(2)\n    h(q[0])\n    measure(q)\n"


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Run an OTLP/HTTP receiver; yields its address and the spans that have come, with their resource."""
    received: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = {one.key: one.value.string_value for one in of_resource.resource.attributes}
                received.extend(
                    (self.path, resource, span) for scope in of_resource.scope_spans for span in scope.spans
                )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_standard_variables_say_whether_spans_are_exported(variables: dict[str, str], wanted: bool) -> None:
    assert is_wanted(variables) is wanted


def test_a_protocol_that_is_not_spoken_is_an_error_with_a_hint() -> None:
    with pytest.raises(FailedPreconditionError, match="grpc") as caught:
        open_exporting({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert "http/protobuf" in caught.value.hint


async def test_a_jobs_whole_trace_reaches_the_collector_as_eigen_trace_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector() as (address, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        async with eigen.open_system(tmp_path, drivers={"scripted": ScriptedDriver()}) as system:
            job = await system.api.submit_job(package(BELL).request)
            with anyio.fail_after(60):
                async for _ in system.api.stream_job_updates(job.job_id):
                    pass
            events = await system.api.list_job_events(job.job_id)
    shown = {one.span_id: one for one in job_spans(events)}
    sent = {span.span_id.hex(): span for _, _, span in received}
    assert {path for path, _, _ in received} == {"/v1/traces"}
    assert {resource["service.name"] for _, resource, _ in received} == {"eigen-os"}
    assert {span.trace_id.hex() for span in sent.values()} == {job.trace_id}
    assert {sent[one].name for one in sent.keys() - shown.keys()} == {"kernel.store"}  # with the seal, measured
    assert {shown[one].name for one in shown.keys() - sent.keys()} == {"kernel.store"}  # without it, from events
    for span_id in shown.keys() & sent.keys():
        one = shown[span_id]
        assert (sent[span_id].name, sent[span_id].parent_span_id.hex()) == (one.name, one.parent_id)
        assert sent[span_id].start_time_unix_nano == one.start_us * 1000
        assert sent[span_id].end_time_unix_nano == one.end_us * 1000


@pytest.mark.parametrize(
    ("sampler", "ratio", "flags", "exported"),
    [
        ("", "", "", True),
        ("", "", "01", True),
        ("", "", "00", False),  # the default follows the caller's flag
        ("always_off", "", "01", False),
        ("always_on", "", "00", True),
        ("traceidratio", "0", "", False),
        ("parentbased_traceidratio", "0", "", False),
        ("parentbased_traceidratio", "0", "01", True),
        ("parentbased_traceidratio", "1", "00", False),
    ],
)
async def test_samplers_and_the_callers_flag_say_what_is_exported_and_spans_are_kept_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str, ratio: str, flags: str, exported: bool
) -> None:
    traceparent = f"00-{'a' * 32}-{'b' * 16}-{flags}" if flags else ""
    context = RequestContext(subject="ada", roles=frozenset({"user"}), traceparent=traceparent)
    with collector() as (address, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
        async with eigen.open_system(tmp_path, drivers={"scripted": ScriptedDriver()}) as system:
            job = await system.api.submit_job(package(BELL).request, context=context)
            with anyio.fail_after(60):
                async for _ in system.api.stream_job_updates(job.job_id, context=context):
                    pass
            kept = job_spans(await system.api.list_job_events(job.job_id, context=context))
    assert {span.trace_id.hex() for _, _, span in received} == ({job.trace_id} if exported else set())
    assert {one.name for one in kept} >= {"api.submit_job", "kernel.compile", "driver.execute"}


async def test_a_collector_that_is_not_there_costs_a_job_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with eigen.open_system(tmp_path, drivers={"scripted": ScriptedDriver()}) as system:
        job = await system.api.submit_job(package(BELL).request)
        with anyio.fail_after(60):
            updates = [one async for one in system.api.stream_job_updates(job.job_id)]
    assert updates[-1].state == "DONE"
