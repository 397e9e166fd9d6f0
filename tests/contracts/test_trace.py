"""Trace contexts are W3C's, and a task knows the job that it works for."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.trace import JobTrace, TraceContext, current_job, working_for

CONTEXT = TraceContext(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7")
digits = st.text("0123456789abcdef")


def test_the_header_of_the_w3c_example_is_read_and_written() -> None:
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert TraceContext.parse(header) == CONTEXT
    assert CONTEXT.traceparent == header
    unsampled = header.removesuffix("01") + "00"
    assert not TraceContext.parse(unsampled).is_sampled
    assert TraceContext.parse(unsampled).traceparent == unsampled


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_a_context_that_is_written_is_read_back_equal(trace: int, span: int, is_sampled: bool) -> None:
    context = TraceContext(trace_id=f"{trace:032x}", span_id=f"{span:016x}", is_sampled=is_sampled)
    assert TraceContext.parse(context.traceparent) == context


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
    ],
)
def test_what_is_no_traceparent_is_refused(header: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        TraceContext.parse(header)
    assert caught.value.reason == "TRACEPARENT"


async def test_each_task_knows_its_own_job_and_nobody_elses() -> None:
    seen: dict[str, JobTrace | None] = {}

    async def work(job_id: str) -> None:
        with working_for(job_id, CONTEXT):
            await anyio.lowlevel.checkpoint()
            seen[job_id] = current_job()

    async with anyio.create_task_group() as group:
        for job_id in ("job_a", "job_b"):
            group.start_soon(work, job_id)
    assert seen == {job_id: JobTrace(job_id, CONTEXT.trace_id, CONTEXT.span_id) for job_id in ("job_a", "job_b")}
    assert current_job() is None
