"""A job's trace, read from its events: what its work took, and what only the events themselves tell.

Work that has ended stands as spans in the facts of the event that came next. Waiting, work that was lost with its
system, and the taking over of a job have no span of their own: they are what lies between two events, and their ids are
digests of the trace and the event's number, the same whenever and wherever they are read.

Pure; needs no tracing library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from eigen.contracts.errors import ErrorCode
from eigen.contracts.jobs import StoredEvent
from eigen.contracts.trace import OK, Span
from eigen.contracts.wire import from_json

__all__ = ["ROOT", "is_sampled", "job_spans", "kept_by_compiler", "whole_trace"]

ROOT = "api.submit_job"
"""Name of the first span of every job."""

_OF_STAGE: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "kernel.wait",
        "compiling": "kernel.compile",
        "queued": "kernel.queue",
        "executing": "kernel.execute",
        "stopping": "kernel.execute",
        "storing": "kernel.store",
        "closing": "kernel.store",
    }
)
"""What the kernel does while a job is in a stage."""

_FRONT_PASSES = frozenset({"compiler.parse", "compiler.read"})
_BACK_PASSES = frozenset({"compiler.lower", "compiler.canonical"})
_WAITS = frozenset({"kernel.wait", "kernel.queue"})
_OUTCOMES = frozenset({"Compiled", "CompilationFailed", "Executed", "ExecutionFailed", "ExecutionStopped", "Closed"})
"""Events that end the work of a stage; those of older versions have no spans."""

_LOST = ErrorCode.UNAVAILABLE.value


def job_spans(events: Sequence[StoredEvent]) -> tuple[Span, ...]:
    """Return the spans of a job by their beginning, the root first; work that goes on is not among them.

    Args:
        events: All events of the job so far, in order; none gives none.
    """
    if not events:
        return ()
    told = [_told(event) for event in events]
    root = _root(events[0], told)
    spans: list[Span] = []
    going_on_from: tuple[str, ...] = ()
    began = events[0]
    for event, work in zip(events, told, strict=True):
        found = [_linked(one, going_on_from) for one in work]
        if any(one.links for one in found):
            going_on_from = ()
        if event is not began:
            found += _between(root, began, event, told={one.name for one in found})
        if event.kind == "Adopted" or not _is_within(began, event):
            began = event
        spans += found
        if event.kind in ("Adopted", "ExecutionFailed"):
            going_on_from = tuple(one.span_id for one in found if one.parent_id == root.span_id and one.status != OK)
    return (root, *sorted(spans, key=lambda one: one.start_us))


def whole_trace(events: Sequence[StoredEvent], last: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """Return the spans of a job that has ended, the root first.

    Args:
        events: All its events, in order.
        last: Work that no event tells of, as JSON; it stands in place of what events only tell the beginning of.
    """
    measured = [from_json(Span, one) for one in last]
    names = {one.name for one in measured}
    return (*(one for one in job_spans(events) if one.name not in names), *measured)


def is_sampled(events: Sequence[StoredEvent]) -> bool:
    """Return whether whoever began a job's trace wants it exported.

    Args:
        events: Its events, from the first one on.
    """
    return bool(events[0].facts.get("is_sampled", True))


def kept_by_compiler(passes: Set[str]) -> str:
    """Return what the compiler had at hand: `circuit`, `program` or `nothing`.

    Args:
        passes: Names of the passes that ran.
    """
    if passes & _FRONT_PASSES:
        return "nothing"
    return "program" if passes & _BACK_PASSES else "circuit"


def _told(event: StoredEvent) -> list[Span]:
    """Return the spans that an event has; what another version wrote and this one cannot read is left out."""
    told = []
    for one in event.facts.get("spans", ()):
        with suppress(ValueError, AttributeError):
            told.append(from_json(Span, one))
    return told


def _root(first: StoredEvent, told: Iterable[Sequence[Span]]) -> Span:
    """Return the span of the submission, which lasts until the job is durable."""
    start_us = _microseconds(first.at)
    accepted = [one.end_us for work in told for one in work if one.name == "kernel.accept"]
    return Span(
        name=ROOT,
        span_id=first.facts["span_id"],
        parent_id=first.facts.get("parent_span_id", ""),
        start_us=start_us,
        duration_us=max(0, *accepted) - start_us if accepted else 0,
    )


def _linked(span: Span, links: tuple[str, ...]) -> Span:
    """Return a stage's span with links to what it does anew."""
    return replace(span, links=links) if links and span.name in ("kernel.compile", "kernel.execute") else span


def _between(root: Span, before: StoredEvent, event: StoredEvent, *, told: Container[str]) -> list[Span]:
    """Return what only events tell: `before` began a stage, `told` names the spans that the later one has."""
    name = _OF_STAGE.get(before.stage, "")
    if event.kind == "Adopted":
        lost = [_gap(root, name, before, event, status=_LOST, lost=True)] if name and name not in _WAITS else []
        return [*_waited(root, name, before, event), *lost, _recovery(root, event if name else before, event, lost)]
    if event.kind in _OUTCOMES and name not in told and name not in _WAITS:
        failed = event.facts.get("error") or {}
        return [_gap(root, name, before, event, status=failed.get("code", OK))]
    return _waited(root, name, before, event)


def _is_within(began: StoredEvent, event: StoredEvent) -> bool:
    """Return whether an event left the job in the stage that began before it, as one that tells of progress does."""
    return _OF_STAGE.get(event.stage) == _OF_STAGE.get(began.stage)


def _waited(root: Span, name: str, before: StoredEvent, event: StoredEvent) -> list[Span]:
    return [_gap(root, name, before, event)] if name in _WAITS and not _is_within(before, event) else []


def _recovery(root: Span, since: StoredEvent, event: StoredEvent, lost: Sequence[Span]) -> Span:
    """Return the span of a takeover; of a job that nobody had begun with it lasts from when it was left."""
    taken = _gap(root, "kernel.recover", since, event, owner=event.facts.get("owner", ""))
    return replace(taken, span_id=_id(root, -event.event_seq), links=tuple(one.span_id for one in lost))


def _gap(root: Span, name: str, before: StoredEvent, event: StoredEvent, *, status: str = OK, **facts: Any) -> Span:
    start_us = _microseconds(before.at)
    return Span(
        name=name,
        span_id=_id(root, before.event_seq),
        parent_id=root.span_id,
        start_us=start_us,
        duration_us=max(0, _microseconds(event.at) - start_us),
        status=status,
        facts=facts,
    )


def _id(root: Span, number: int) -> str:
    return hashlib.sha256(f"{root.span_id} {number}".encode()).hexdigest()[:16]


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
