"""Lines of the log as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from eigen.cli.rendering import emit, show_styled
from eigen.contracts.printable import printable

if TYPE_CHECKING:
    from eigen.cli.rendering import StyledLine

__all__ = ["show_log"]

_STYLES: Mapping[str, str] = {"warning": "yellow", "error": "bold red", "critical": "bold red"}
_SHOWN_FIRST = frozenset({"timestamp", "level", "service", "event", "from", "to", "traceback"})
_IDS = frozenset({"trace_id", "span_id", "job_id", "subject", "name"})
_MAX_TEXT = 12_000


def show_log(lines: Iterable[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print lines of the log: for programs as they are, for people with the time of day and without the job's ids."""
    if as_json:
        for line in lines:
            emit(json.dumps(line, separators=(",", ":")))
    else:
        show_styled(one for line in lines for one in _readable(line))


def _readable(line: Mapping[str, Any]) -> Iterator[StyledLine]:
    level = str(line.get("level", ""))
    facts = [f"{name}={_text(value)}" for name, value in line.items() if name not in _SHOWN_FIRST | _IDS]
    way = [f"{line['from']} > {line['to']}"] if "from" in line and "to" in line else []
    time = str(line.get("timestamp", ""))[11:23]
    head = f"{time}  {level:<7}  {line.get('service', '')!s:<14}  {line.get('event', '')!s:<16}"
    yield printable("  ".join([head, *way, *facts]), limit=_MAX_TEXT).rstrip(), _STYLES.get(level, "")
    for told in str(line.get("traceback", "")).splitlines():
        yield "    " + printable(told, limit=_MAX_TEXT), "dim"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
