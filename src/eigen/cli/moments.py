"""Points in time and lengths of time as people type them: `2h` ago, a day, a time of day; for `10m`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from eigen.contracts.errors import InvalidArgumentError
from eigen.contracts.printable import quoted

__all__ = ["parse_duration", "parse_moment"]

_LENGTH = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS: Mapping[str, timedelta] = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_moment(text: str, *, option: str, now: datetime) -> datetime:
    """Return the time that a text means, UTC.

    Args:
        text: How long ago (`90s`, `30m`, `2h`, `7d`, `1w`), or a date or time as ISO 8601 has it; one without a time
            zone is local.
        option: Where it was typed, to show.
        now: The time.

    Raises:
        InvalidArgumentError: It is no time.

    Example:
        >>> noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
        >>> parse_moment("2h", option="--since", now=noon).isoformat()
        '2026-01-02T10:00:00+00:00'
        >>> parse_moment("2026-01-01T00:00Z", option="--since", now=noon).isoformat()
        '2026-01-01T00:00:00+00:00'
    """
    ago = _LENGTH.fullmatch(text)
    try:
        if ago is not None:
            return now - int(ago[1]) * _UNITS[ago[2]]
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidArgumentError(
            f"{option} {quoted(text)} is no time",
            reason="OPTION_SHAPE",
            hint=f"write {option} 2h, {option} 7d, or {option} 2026-01-31T08:00",
        ) from None


def parse_duration(text: str, *, option: str) -> float:
    """Return the seconds that a text means.

    Args:
        text: How long: `90s`, `30m`, `2h`, `7d`, `1w`.
        option: Where it was typed, to show.

    Raises:
        InvalidArgumentError: It is no length of time.

    Example:
        >>> parse_duration("10m", option="--ttl")
        600.0
    """
    length = _LENGTH.fullmatch(text)
    if length is None:
        raise InvalidArgumentError(
            f"{option} {quoted(text)} is no length of time",
            reason="OPTION_SHAPE",
            hint=f"write {option} 90s, {option} 10m, or {option} 1h",
        )
    return int(length[1]) * _UNITS[length[2]].total_seconds()
