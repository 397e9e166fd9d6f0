"""What became of a job and why, in sentences and in figures: read from its status and its events alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from eigen.contracts.jobs import JobState, JobStatus, StoredEvent
from eigen.contracts.sizes import human_bytes
from eigen.contracts.trace import Span
from eigen.telemetry.job_trace import job_spans, kept_by_compiler

__all__ = ["Finding", "duration_text", "explain"]

_OF_CACHE: Mapping[str, str] = MappingProxyType(
    {
        "nothing": "the program was read and compiled",
        "program": "the program had been read before; only its circuit was made anew",
        "circuit": "the compiler had the circuit at hand",
    }
)
_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "slot": ": {running} of {slots} slots of {device_id} were busy{place}",
        "memory": ": it needs {needed_bytes} of memory and {free_bytes} were free{place}",
        "reservation": ": {device_id} was reserved for {reserved_by}{place}",
    }
)
_WORTH_TELLING_US = 1_000
_LARGEST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that can be said of a job.

    Attributes:
        topic: `end`, `waiting`, `device`, `cache`, `time`, `attempts`, `failure` or `advice`.
        text: A sentence.
        facts: The same for programs, JSON values.
    """

    topic: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def explain(status: JobStatus, events: Sequence[StoredEvent]) -> tuple[Finding, ...]:
    """Return what can be said of a job: how it stands, why it waited, where and how it ran, where its time went.

    Args:
        status: The job.
        events: All its events so far, in order.
    """
    spans = job_spans(events)
    return (
        _end(status),
        *_waiting(status, events, spans),
        *_device(events),
        *_cache(spans),
        *_time(status, spans),
        *_attempts(events, spans),
        *_failure(status, events),
    )


def duration_text(duration_us: int) -> str:
    """Return a duration with three digits and a unit.

    Example:
        >>> [duration_text(one) for one in (0, 999, 1_500, 2_345_678, 90_000_000)]
        ['0 us', '999 us', '1.5 ms', '2.35 s', '90 s']
    """
    for unit, size in (("s", 1_000_000), ("ms", 1_000)):
        if duration_us >= size:
            amount = duration_us / size
            return f"{amount:.3g} {unit}" if amount < 1_000 else f"{amount:.0f} {unit}"
    return f"{duration_us} us"


def _end(status: JobStatus) -> Finding:
    took_us = round(status.took_sec * 1e6)
    if status.is_terminal:
        text = f"{status.job_id} ({status.name}) is {status.state.value}, {duration_text(took_us)} after its submission"
    else:
        text = f"{status.job_id} ({status.name}) is {status.state.value}: {status.message}"
    return Finding(
        topic="end",
        text=text,
        facts={"state": status.state.value, "stage": status.stage, "took_us": took_us, "trace_id": status.trace_id},
    )


def _waiting(status: JobStatus, events: Sequence[StoredEvent], spans: Sequence[Span]) -> Iterator[Finding]:
    submitted = events[0].facts
    for span in spans:
        if span.name == "kernel.wait":
            names = ", ".join(submitted.get("dependencies", ()))
            yield Finding(
                topic="waiting",
                text=f"it waited {duration_text(span.duration_us)} for {names} to be DONE",
                facts={"cause": "jobs", "job_ids": submitted.get("dependencies", []), "waited_us": span.duration_us},
            )
    causes = [event.facts.get("waited_for") for event in events if event.kind == "Dispatched"]
    queued = [span for span in spans if span.name == "kernel.queue"]
    for span, cause in zip(queued, causes, strict=False):
        if cause or span.duration_us >= _WORTH_TELLING_US:
            yield Finding(
                topic="waiting",
                text=f"it waited {duration_text(span.duration_us)} to begin its run{_why(cause or {})}",
                facts={**(cause or {}), "waited_us": span.duration_us},
            )
    if status.waiting_for:
        yield Finding(topic="waiting", text=f"now: {status.message}", facts=status.waiting_for)


def _why(cause: Mapping[str, Any]) -> str:
    """Return why a job could not begin when it came into the line; of a cause that is not known, its place alone."""
    place = f", as number {cause['queue_position']} in the line" if cause.get("queue_position") else ""
    told = {**cause, "place": place}
    for amount in ("needed_bytes", "free_bytes"):
        if amount in cause:
            told[amount] = human_bytes(cause[amount])
    if "reserved_by" in cause:
        told["reserved_by"] = ", ".join(cause["reserved_by"])
    try:
        return _CAUSES.get(str(cause.get("cause")), "").format_map(told)
    except KeyError:
        return place


def _device(events: Sequence[StoredEvent]) -> Iterator[Finding]:
    compiled = next((event.facts for event in reversed(events) if event.kind == "Compiled"), None)
    if compiled is None:
        return
    submitted = events[0].facts
    asked = "asked for" if submitted.get("target") else "named by the program, or the default"
    seed = "given" if submitted.get("seed") is not None else "the program's, or drawn"
    named = {name: compiled.get(name, "unknown") for name in ("device_id", "target", "method", "shots", "seed")}
    memory = f", at most {human_bytes(compiled['memory_bytes'])}" if "memory_bytes" in compiled else ""
    yield Finding(
        topic="device",
        text=(
            f"it goes to {named['device_id']} ({named['target']}, {asked}) with the method {named['method']}, "
            f"{compiled.get('explanation') or 'the only one'}; {named['shots']} shots, seed {named['seed']} "
            f"({seed}){memory}"
        ),
        facts={name: compiled.get(name) for name in ("device_id", "target", "method", "explanation", "shots", "seed")},
    )


def _cache(spans: Sequence[Span]) -> Iterator[Finding]:
    names = {span.name for span in spans}
    if "compiler.compile" in names:
        kept = kept_by_compiler(names)
        yield Finding(topic="cache", text=_OF_CACHE[kept], facts={"compiler": kept})
    runs = [span for span in spans if span.name == "worker.run"]
    if runs:
        was_prepared = runs[-1].facts.get("was_prepared", False)
        text = "the worker held the circuit" if was_prepared else "the worker prepared the circuit"
        started = _covered_us(span for span in spans if span.name == "worker.start")
        more = f", and had to be started first ({duration_text(started)})" if started else ""
        yield Finding(topic="cache", text=text + more, facts={"worker": was_prepared, "worker_start_us": started})


def _covered_us(spans: Iterable[Span]) -> int:
    """Return how long at least one of some spans was under way: two workers may start side by side."""
    covered, until = 0, 0
    for span in sorted(spans, key=lambda one: one.start_us):
        covered += max(0, span.end_us - max(span.start_us, until))
        until = max(until, span.end_us)
    return covered


def _time(status: JobStatus, spans: Sequence[Span]) -> Iterator[Finding]:
    root = spans[0]
    total_us = max(1, *(span.end_us - root.start_us for span in spans))
    stages = [span for span in spans[1:] if span.parent_id == root.span_id and span.duration_us]
    if not stages:
        return
    largest = sorted(stages, key=lambda one: -one.duration_us)[:_LARGEST_SHOWN]
    shares = ", ".join(
        f"{one.name} {duration_text(one.duration_us)} ({one.duration_us / total_us:.0%})" for one in largest
    )
    most, alone_us = max(_alone(spans), key=lambda one: one[1])
    yield Finding(
        topic="time",
        text=f"of {duration_text(total_us)}: {shares}; most by {most.name} itself, {duration_text(alone_us)}",
        facts={"total_us": total_us, "stages": [{"name": one.name, "took_us": one.duration_us} for one in stages]},
    )


def _alone(spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    """Yield each span below the root with what it took without its parts."""
    parts: Counter[str] = Counter()
    for span in spans:
        parts[span.parent_id] += span.duration_us
    for span in spans[1:]:
        yield span, max(0, span.duration_us - parts[span.span_id])


def _attempts(events: Sequence[StoredEvent], spans: Sequence[Span]) -> Iterator[Finding]:
    named = {span.span_id: span for span in spans}
    for span in spans:
        if span.name == "kernel.recover":
            lost = [named[one] for one in span.links]
            text = (
                f"its system was gone during {lost[0].name}, {duration_text(lost[0].duration_us)} after that began; "
                "another one took it over and began anew"
                if lost
                else "another system took it over before its work had begun"
            )
            yield Finding(
                topic="attempts",
                text=text,
                facts={"owner": span.facts.get("owner"), "lost": [one.name for one in lost]},
            )
    for event in events:
        if event.kind == "ExecutionFailed" and event.facts.get("retryable"):
            error = {"message": "no reason is told", "reason": "UNKNOWN", **event.facts.get("error", {})}
            outcome = "it was tried again" if event.state is JobState.QUEUED else "it was not tried again"
            yield Finding(
                topic="attempts",
                text=f"the backend failed under it: {error['message']} ({error['reason']}); {outcome}",
                facts={"reason": error["reason"], "details": error.get("details", {})},
            )


def _failure(status: JobStatus, events: Sequence[StoredEvent]) -> Iterator[Finding]:
    if status.error is None:
        return
    stage = next((one.stage for one in reversed(events) if one.stage not in ("closing", "finished")), "submitted")
    yield Finding(
        topic="failure",
        text=f"it failed while {stage}: {status.error['message']}",
        facts={**status.error, "stage": stage},
    )
    hint = status.error.get("hint") or f"`eigen logs {status.job_id}` has the lines of its trace"
    yield Finding(topic="advice", text=hint, facts={"trace_id": status.trace_id})
