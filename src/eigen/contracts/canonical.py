"""Canonical JSON, digests of it, and strict reading.

Writing follows RFC 8785 (JCS): keys sorted by UTF-16 code units, no blanks, ECMAScript's shortest round-trip numbers,
UTF-8. Equal values give equal bytes on every machine, so that their SHA-256 names them. Integers beyond ±(2^53 − 1)
and numbers that are not finite have no canonical form and are not written. Records, results and digests of every job
pass through here, so there are two writers. `orjson` writes what it writes as JCS does, in C: strings and integers,
and objects whose keys are ASCII, where the orders of UTF-8 and UTF-16 are one; numbers, which it writes otherwise,
are spelled before. All else is written by one look at a value's type, strings escaped by the standard library's C
code (whose escapes are JCS's), numbers by `repr` (which has the same shortest digits) but for those that it writes
with an exponent, which go to the package `rfc8785`. Property tests hold all of it against that package.

Reading is stricter than `json.loads`: duplicate keys, `NaN`, `Infinity`, overflowing numbers, lone surrogates, byte
order marks and deep nesting are errors. Integers beyond ±(2^53 − 1) become doubles, as in ECMAScript.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from heapq import merge
from itertools import islice
from json.encoder import encode_basestring
from typing import Any

import rfc8785

from eigen.contracts.errors import InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.printable import quoted

__all__ = ["MAX_SAFE_INTEGER", "canonical_json", "read_json", "read_json_text", "sha256_hex"]

_PIECE = 4_096

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 7493, I-JSON)."""


def canonical_json(value: Any) -> bytes:
    r"""Return a JSON value in the canonical form of RFC 8785, as UTF-8.

    Raises:
        ResourceExhaustedError: An integer is beyond ±(2^53 − 1).
        InvalidArgumentError: A number is not finite, a text holds a lone surrogate, or a type has no JSON form.

    Example:
        >>> canonical_json({"b": 1.0, "a": [1e21, "é"]})
        b'{"a":[1e+21,"\xc3\xa9"],"b":1}'
    """
    written = _written_in_c(value)
    if written is not None:
        return written
    try:
        return _text(value).encode("utf-8")
    except rfc8785.IntegerDomainError as error:
        raise ResourceExhaustedError(
            "an integer is beyond ±(2^53 − 1) and cannot be kept exactly in JSON",
            reason="JSON_INTEGER",
            hint=_HINTS["JSON_INTEGER"],
        ) from error
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidArgumentError(
            "a value has no canonical JSON form (not finite, or not Unicode)",
            reason="JSON_VALUE",
            hint=_HINTS["JSON_VALUE"],
        ) from error


def _written_in_c(value: Any) -> bytes | None:
    """Return what the C writer makes of a value, or None where it may differ from JCS, or takes too long at once."""
    import orjson

    try:
        text = orjson.dumps(_spelled(value), option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except (TypeError, rfc8785.CanonicalizationError):
        return None
    return bytes(memoryview(text)) if text.isascii() else None  # a copy: the writer's own holds 64 KiB, however short


def _spelled(value: Any) -> Any:
    """Return a value with its numbers written out.

    Raises:
        TypeError: It holds what is for the other writer.
    """
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is float:
        import orjson

        return orjson.Fragment(_number(value))
    if kind not in _CONTAINERS or len(value) > _PIECE:
        raise TypeError
    if kind is dict:
        if set(map(type, value.values())) <= _ATOMS:
            return value
        return {key: item if type(item) in _ATOMS else _spelled(item) for key, item in value.items()}
    return value if set(map(type, value)) <= _ATOMS else [_spelled(item) for item in value]


_ATOMS = frozenset({str, int, bool, type(None)})
_CONTAINERS = frozenset({dict, list, tuple})


def _text(value: Any) -> str:
    write = _WRITERS.get(type(value))
    return write(value) if write is not None else _text_of_subclass(value)


def _text_of_subclass(value: Any) -> str:
    """Write what is a JSON value by inheritance, such as a member of a `StrEnum`, as what it inherits from."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise rfc8785.CanonicalizationError(f"unsupported type: {type(value)}")


def _integer(value: int) -> str:
    if not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        raise rfc8785.IntegerDomainError(value)
    return int.__repr__(value)


def _number(value: float) -> str:
    text = float.__repr__(value)
    if "e" in text or "n" in text:  # an exponent, infinity or not a number
        return rfc8785.dumps(value).decode("ascii")
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text


def _array(items: list[Any] | tuple[Any, ...]) -> str:
    return f"[{','.join(map(_text, items))}]"


def _object(members: Mapping[str, Any]) -> str:
    if len(members) > _PIECE:
        return _large_object(members)
    try:
        is_ascii = "".join(members).isascii()
    except TypeError as error:
        raise rfc8785.CanonicalizationError("object keys must be strings") from error
    keys = sorted(members) if is_ascii else sorted(members, key=_utf_16_code_units)
    spelled = [  # most values are texts
        f"{encode_basestring(key)}:{encode_basestring(value) if type(value := members[key]) is str else _text(value)}"
        for key in keys
    ]
    return f"{{{','.join(spelled)}}}"


def _large_object(members: Mapping[str, Any]) -> str:
    """Write an object piece by piece: one call over a million members would let no other thread take its turn."""
    names = list(members)
    if not all(isinstance(name, str) for name in names):
        raise rfc8785.CanonicalizationError("object keys must be strings")
    order = None if all(name.isascii() for name in names) else _utf_16_code_units
    sorted_pieces = (sorted(names[first : first + _PIECE], key=order) for first in range(0, len(names), _PIECE))
    in_order = iter(merge(*sorted_pieces, key=order))
    texts = []
    while piece := list(islice(in_order, _PIECE)):
        texts.append(",".join([f"{encode_basestring(key)}:{_text(members[key])}" for key in piece]))
    return f"{{{','.join(texts)}}}"


def _utf_16_code_units(key: str) -> bytes:
    return key.encode("utf-16-be")


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    bool: lambda value: "true" if value else "false",
    int: _integer,
    float: _number,
    type(None): lambda _: "null",
    dict: _object,
    list: _array,
    tuple: _array,
}


_HINTS = {
    "JSON_DEPTH": "nest less",
    "JSON_DUPLICATE_KEY": "leave one of the two out",
    "JSON_ENCODING": "save it as UTF-8",
    "JSON_INTEGER": "write a smaller integer, or a number such as 1.5e300",
    "JSON_NOT_FINITE": "write a finite number: JSON has neither NaN nor infinity",
    "JSON_SIZE": "split it into several documents",
    "JSON_SURROGATE": "write the character itself, or both halves of its escape",
    "JSON_SYNTAX": "look at the commas, quotes and brackets there; JSON has no comments",
    "JSON_VALUE": "use finite numbers, texts, true, false, null, and lists and mappings of them",
}
"""What to do about a document that is not strict JSON, by reason."""


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read_json(content: bytes, *, max_bytes: int, max_depth: int = 32, what: str = "document") -> Any:
    """Return the JSON value of `content`, read strictly.

    Args:
        content: UTF-8 without a byte order mark.
        max_bytes: Largest size taken.
        max_depth: Deepest nesting of lists and objects taken.
        what: What it is, for messages.

    Raises:
        InvalidArgumentError: Not JSON, or JSON with a duplicate key, a number that is not finite, a lone surrogate.
        ResourceExhaustedError: Too large, too deep, or an integer of thousands of digits.
    """
    if len(content) > max_bytes:
        raise ResourceExhaustedError(
            f"the {what} has {len(content)} bytes; at most {max_bytes} are taken",
            reason="JSON_SIZE",
            hint=_HINTS["JSON_SIZE"],
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(
            f"the {what} is not UTF-8 at byte {error.start}", reason="JSON_ENCODING", hint=_HINTS["JSON_ENCODING"]
        ) from error
    return read_json_text(text, max_depth=max_depth, what=what)


def read_json_text(text: str, *, max_depth: int = 32, what: str = "document") -> Any:
    """Return the JSON value of a text whose size the caller has bounded, read strictly.

    Args:
        text: The JSON text.
        max_depth: Deepest nesting of lists and objects taken.
        what: What it is, for messages.

    Raises:
        InvalidArgumentError, ResourceExhaustedError: As `read_json`.
    """
    if _is_deeper(text, max_depth):
        raise ResourceExhaustedError(
            f"the {what} nests deeper than {max_depth} lists and objects",
            reason="JSON_DEPTH",
            hint=_HINTS["JSON_DEPTH"],
        )
    if "\\u" in text and _has_lone_surrogate(text):
        raise InvalidArgumentError(
            f"the {what} holds half of a surrogate pair", reason="JSON_SURROGATE", hint=_HINTS["JSON_SURROGATE"]
        )
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidArgumentError(
            f"the {what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}",
            reason="JSON_SYNTAX",
            hint=_HINTS["JSON_SYNTAX"],
        ) from error
    except ValueError as error:  # CPython refuses to read integers of more than 4,300 digits
        raise ResourceExhaustedError(
            f"the {what} holds an integer of thousands of digits", reason="JSON_INTEGER", hint=_HINTS["JSON_INTEGER"]
        ) from error


def _is_deeper(text: str, max_depth: int) -> bool:
    """Tell whether brackets outside strings nest deeper than `max_depth`, at the speed of `str.replace`.

    Each round takes the innermost pairs away. What is left after `max_depth` rounds is deeper, or is not balanced; an
    unbalanced text is no JSON, and its reader goes as deep as the brackets that stay open.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return False
    plain = re.sub(r"\\.", "", text, flags=re.DOTALL) if "\\" in text else text
    brackets = re.sub(r"[^\[\]{}]+", "", "".join(plain.split('"')[::2])).translate(_SQUARE)
    for _ in range(max_depth):
        brackets = brackets.replace("[]", "")
    return "[]" in brackets or brackets.count("[") > max_depth


_SQUARE = str.maketrans("{}", "[]")


def _has_lone_surrogate(text: str) -> bool:
    paired = re.sub(r"(?i)\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}", "", text)
    return re.search(r"(?i)\\ud[89a-f][0-9a-f]{2}", paired) is not None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        double = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # None
        raise InvalidArgumentError(
            f"duplicate key {quoted(double)}", reason="JSON_DUPLICATE_KEY", hint=_HINTS["JSON_DUPLICATE_KEY"]
        )
    return found


def _refuse_constant(name: str) -> Any:
    raise InvalidArgumentError(
        f"{name} is not JSON: numbers must be finite", reason="JSON_NOT_FINITE", hint=_HINTS["JSON_NOT_FINITE"]
    )


def _exact_integer(text: str) -> int | float:
    """Return an integer; beyond ±(2^53 − 1) the nearest double, which RFC 8785 writes without a point as well."""
    value = int(text)
    if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        return value
    try:
        return float(value)
    except OverflowError as error:
        raise ResourceExhaustedError(
            f"an integer of {len(text)} digits is too large for JSON",
            reason="JSON_INTEGER",
            hint=_HINTS["JSON_INTEGER"],
        ) from error


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidArgumentError(
            f"{quoted(text)[1:-1]} is not finite", reason="JSON_NOT_FINITE", hint=_HINTS["JSON_NOT_FINITE"]
        )
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_constant=_refuse_constant,
    parse_float=_finite_float,
    parse_int=_exact_integer,
)
