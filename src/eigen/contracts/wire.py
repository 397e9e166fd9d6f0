"""Dataclasses to JSON values and back, by their type hints, which are looked at once for each class.

One mechanism for every record that is stored or printed: enums are their values, times are RFC 3339 UTC with
microseconds, tuples are lists, bytes do not travel this way. Reading trusts the writer (our own store); data from
outside is validated by its own reader before it gets here. Fields that are unknown to this version are left out on
reading, and fields that the writer did not know take their defaults, so that older and newer records load.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["format_time", "from_json", "json_line", "parse_time", "to_facts", "to_json", "written_time"]

T = TypeVar("T")


def written_time(moment: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC, such as `2026-01-02T03:04:05.678901Z`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    text = moment.isoformat() if moment.microsecond else moment.isoformat(timespec="microseconds")  # is twice as slow
    return text[: -len("+00:00")] + "Z"


format_time = lru_cache(maxsize=4096)(written_time)
"""The same for times that are written several times, as those of a record and its events are."""


def parse_time(text: str) -> datetime:
    """Return the aware UTC time that `format_time` wrote.

    Raises:
        ValueError: The text is no such time.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment.astimezone(UTC)


def to_json(value: Any) -> Any:
    """Return a dataclass, enum, time, tuple or mapping as plain JSON values."""
    return _writer(type(value))(value)  # type: ignore[arg-type]  # mypy does not see that classes are hashable


def to_facts(value: Any) -> dict[str, Any]:
    """Return what a dataclass says besides its time `at`, as `to_json` does."""
    return _fact_writer(type(value))(value)  # type: ignore[arg-type]  # mypy does not see that classes are hashable


def json_line(value: Any) -> str:
    """Return the JSON of what `to_json` makes of a value as one line: no blanks, the keys of mappings sorted."""
    import orjson

    try:
        return orjson.dumps(
            value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_SORT_KEYS
        ).decode()
    except TypeError:  # such as an integer beyond 64 bits
        return _ENCODE(to_json(value))


def _plain(value: Any) -> Any:
    return format_time(value) if isinstance(value, datetime) else to_json(value)


_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def from_json(kind: type[T], document: Mapping[str, Any]) -> T:
    """Return the dataclass `kind` from what `to_json` wrote.

    Raises:
        ValueError: The document is not one that this version or an older one wrote.
    """
    readers = _field_readers(kind)  # type: ignore[arg-type]  # mypy does not see that classes are hashable
    try:
        return kind(**{name: read(document[name]) for name, read in readers if name in document})
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from error


@cache
def _writer(kind: type[Any]) -> Callable[[Any], Any]:
    """Return what makes JSON values of all values of a type."""
    if kind in _PLAIN:
        return _same
    if issubclass(kind, Enum):
        return attrgetter("_value_")
    if issubclass(kind, int | float):
        return _same
    if is_dataclass(kind):
        return _record_writer(kind)
    if issubclass(kind, datetime):
        return format_time
    if issubclass(kind, Mapping):
        return _mapping
    return _items if issubclass(kind, list | tuple) else str


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): item if type(item) in _PLAIN else to_json(item) for key, item in value.items()}


def _items(values: Iterable[Any]) -> list[Any]:
    return [to_json(item) for item in values]


@cache
def _fact_writer(kind: type[Any]) -> Callable[[Any], dict[str, Any]]:
    return _record_writer(kind, without="at")


def _record_writer(kind: type[Any], *, without: str = "") -> Callable[[Any], dict[str, Any]]:
    """Return what writes a dataclass: its fields taken at once, and those converted whose hints say more than JSON."""
    hints = get_type_hints(kind)
    names = tuple(one.name for one in fields(kind) if one.name != without)
    converted = tuple((name, _converter(hints[name])) for name in names if not _is_plain(hints[name]))
    take: Callable[[Any], tuple[Any, ...]] = attrgetter(*names, "__class__")  # of two names and more it gives a tuple

    def write(value: Any) -> dict[str, Any]:
        document = dict(zip(names, take(value), strict=False))
        for name, convert in converted:
            if document[name] is not None:
                document[name] = convert(document[name])
        return document

    return write


def _converter(hint: Any) -> Callable[[Any], Any]:
    """Return what makes a JSON value of a value of a hint, None left out."""
    origin, inner = get_origin(hint), [one for one in get_args(hint) if one is not type(None)]
    if origin in (Union, types.UnionType):
        return _converter(inner[0]) if len(inner) == 1 else to_json
    if hint is datetime:
        return format_time
    if isinstance(hint, type) and issubclass(hint, Enum):
        return attrgetter("_value_")
    if origin is tuple and all(map(_is_plain, inner[:1])):
        return list
    if isinstance(origin, type) and issubclass(origin, Mapping) and all(map(_is_plain, inner)):
        return dict
    return to_json


def _is_plain(hint: Any) -> bool:
    """Return whether values of a hint are JSON values as they are."""
    return hint in _PLAIN or (get_origin(hint) in (Union, types.UnionType) and all(map(_is_plain, get_args(hint))))


_PLAIN = frozenset({str, int, float, bool, type(None)})


@cache
def _field_readers(kind: type[Any]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    hints = get_type_hints(kind)
    return tuple((one.name, _reader(hints[one.name])) for one in fields(kind))


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _optional(
            _reader(next(one for one in inner if one is not type(None))), None in inner or type(None) in inner
        )
    if origin is tuple:
        return _tuple_of(_reader(inner[0])) if inner[1:] == (Ellipsis,) else tuple
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_of(_reader(inner[1]))
    if hint is datetime:
        return parse_time
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda document: from_json(hint, document)
    return _same


def _same(value: Any) -> Any:
    return value


def _optional(read: Callable[[Any], Any], allows_none: bool) -> Callable[[Any], Any]:
    return (lambda value: None if value is None else read(value)) if allows_none else read


def _tuple_of(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: tuple(read(value) for value in values)


def _mapping_of(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: {key: read(value) for key, value in values.items()}
