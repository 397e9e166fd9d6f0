"""A job's trace as people read it: one line a span, its place in time as a bar."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from eigen.cli.rendering import is_terminal, show_styled
from eigen.contracts.printable import printable
from eigen.contracts.trace import OK
from eigen.telemetry.explanation import duration_text

if TYPE_CHECKING:
    from eigen.cli.rendering import StyledLine
    from eigen.contracts.trace import Span

__all__ = ["show_waterfall"]

_BAR_WIDTH = 40
_MAX_NAME = 60


def show_waterfall(spans: Sequence[Span]) -> None:
    """Print spans as a tree, each with when it began, how long it took, and a bar.

    Args:
        spans: The root first.
    """
    rows = list(_tree(spans))
    names = [printable("  " * depth + span.name, limit=_MAX_NAME) for depth, span in rows]
    width = max(map(len, names))
    heading = f"{'span':<{width}}  {'began':>8}  {'took':>8}"
    show_styled([(heading, "bold"), *_lines(rows, names, width, spans)])


def _lines(
    rows: Sequence[tuple[int, Span]], names: Sequence[str], width: int, spans: Sequence[Span]
) -> Iterator[StyledLine]:
    start_us = min(one.start_us for one in spans)
    total_us = max(1, *(one.end_us - start_us for one in spans))
    named = {one.span_id: one for one in spans}
    mark = "█" if is_terminal(sys.stdout) else "#"
    for name, (_, span) in zip(names, rows, strict=True):
        began_us = span.start_us - start_us
        bar = _bar(began_us, span.duration_us, total_us, mark=mark)
        figures = f"{name:<{width}}  {duration_text(began_us):>8}  {duration_text(span.duration_us):>8}"
        yield f"{figures}  {bar}{_remark(span, named)}".rstrip(), "" if span.status == OK else "red"


def _bar(began_us: int, duration_us: int, total_us: int, *, mark: str) -> str:
    first = min(_BAR_WIDTH - 1, began_us * _BAR_WIDTH // total_us)
    length = max(1, round(duration_us * _BAR_WIDTH / total_us))
    return f"{' ' * first}{mark * min(length, _BAR_WIDTH - first)}".ljust(_BAR_WIDTH)


def _remark(span: Span, named: Mapping[str, Span]) -> str:
    """Return what else is to be said of a span: how it failed, and what it goes on from."""
    said = [span.status] if span.status != OK else []
    said += [f"goes on from {named[link].name if link in named else link}" for link in span.links]
    return "  " + ", ".join(said) if said else ""


def _tree(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """Yield spans with their depth, each behind its parent, what belongs to no other one at the top."""
    known = {one.span_id for one in spans}
    parts: dict[str, list[Span]] = {}
    for one in spans:
        parts.setdefault(one.parent_id if one.parent_id in known else "", []).append(one)
    pending = [(0, one) for one in reversed(parts.get("", []))]
    while pending:
        depth, span = pending.pop()
        yield depth, span
        pending += [(depth + 1, one) for one in reversed(parts.get(span.span_id, []))]
