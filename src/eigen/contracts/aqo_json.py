"""AQO as JSON: one canonical writer, and one reader for canonical and hand-written documents.

Writing is RFC 8785: sorted keys, no blanks, shortest numbers; what has its default is left out, `clbits` is always
written. Equal circuits give equal bytes, so that their SHA-256 names them.

Reading is strict (`canonical.read_json`, `aqo_rules`), and reports every fault with its path. Both ways cost a table
look-up for an operation that came before, since circuits from loops have few distinct ones. That a text may be cut into
operations at every `},{` is safe for this reason: JSON's grammar is unambiguous, so if each piece is an object by
itself and what is around them is the rest of a document, then the whole is that document with those operations. Where
any piece is not, or anything at all is wrong, the whole is read again the slow way, which names every fault.

Source: RFC 8785 (JSON Canonicalization Scheme); contract "AQO v0.1"; seed section 3.2, step 2.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any

from eigen.contracts.angles import format_angle, format_number, parse_angle
from eigen.contracts.aqo import AQO, AQO_VERSION, Affine, Angle, Operation, PauliTerm
from eigen.contracts.aqo_rules import AQO_HINTS, OPS, Rules
from eigen.contracts.canonical import canonical_json, read_json, read_json_text
from eigen.contracts.collection import no_collections
from eigen.contracts.compilation import CompileLimits
from eigen.contracts.errors import EigenError, InvalidArgumentError, ResourceExhaustedError
from eigen.contracts.faults import Faults
from eigen.contracts.gates import MEASURE
from eigen.contracts.printable import quoted

__all__ = ["MAX_DOCUMENT_BYTES", "decode", "encode", "format_angle", "parse_angle"]

MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
"""Largest document taken."""

_MAX_DEPTH = 16
_MOST_REMEMBERED = 65_536
_AT_ONCE = 8_192  # operations
_STRETCH_BYTES = 1 << 20
_BLANKS = re.compile(r"^[ \t\n\r]++|(?<=[\[\]{},:])[ \t\n\r]++|(?<![ \t\n\r])[ \t\n\r]++(?=[\[\]{},:]|\Z)")
_NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
_INDEX = "(?:0|[1-9][0-9]{0,8}+)"
_IS_GATE = re.compile(rf'"op":"([A-Z0-9]++)"(?:,"params":{{}})?,"q":\[({_INDEX}(?:,{_INDEX})*+)\]').fullmatch
_NEW = tuple.__new__  # a named tuple's own constructor takes thrice as long
_WHAT = "AQO document"

_SPELLED_ANGLES: Mapping[str, tuple[tuple[str, int], ...]] = MappingProxyType(
    {op: tuple(sorted((name, index) for index, name in enumerate(rule.angles))) for op, rule in OPS.items()}
)
"""Operation → (name, position in the gate's order) of its angles as JSON sorts them."""

_NUMBERS_ONLY = MappingProxyType(
    {op: re.compile(",".join(f'"{name}":({_NUMBER})' for name, _ in angles)).fullmatch
     for op, angles in _SPELLED_ANGLES.items()}
)  # fmt: skip
"""Operation → tells whether a text is the inside of its `params` in canonical order, all of them numbers."""

_NUMBERS_IN_ORDER = MappingProxyType(
    {op: (0, *(sorted(rule.angles).index(name) + 1 for name in rule.angles)) for op, rule in OPS.items()}
)
"""Operation → the groups of this match in the gate's order, the whole in front: of one group alone comes no tuple."""


def encode(circuit: AQO) -> bytes:
    """Return a circuit as canonical JSON.

    Raises:
        InvalidArgumentError: An operation is not in the gate table, has the wrong number of angles, or a number is not
            finite; or a name is not Unicode.
        ResourceExhaustedError: An integer is beyond ±(2^53 − 1).

    Example:
        >>> encode(AQO(qubits=1, clbits=1, operations=(Operation("H", (0,)), Operation("MEASURE", (0,), c=(0,)))))
        b'{"clbits":1,"operations":[{"op":"H","q":[0]},{"c":[0],"op":"MEASURE","q":[0]}],"qubits":1,"version":"0.1"}'
    """
    fields = {
        "clbits": [canonical_json(circuit.clbits)],
        "observables": _spell_observables(circuit),
        "operations": [b"[", *_spell_operations(circuit.operations), b"]"],
        "parameters": [canonical_json(circuit.parameters)] if circuit.parameters else [],
        "qubits": [canonical_json(circuit.qubits)],
        "version": [canonical_json(AQO_VERSION)],
    }
    members = [part for name, texts in fields.items() if texts for part in (b',"%b":' % name.encode(), *texts)]
    members[0] = members[0].replace(b",", b"{")
    return b"".join((*members, b"}"))


def _spell_operations(operations: Sequence[Operation]) -> list[bytes]:
    """Return the operations with what parts them, many in one piece: a long circuit exists once, and as the result."""
    spell = _Spellings().__getitem__
    starts = range(0, len(operations), _AT_ONCE)
    pieces = [b",".join(map(spell, operations[start : start + _AT_ONCE])) for start in starts]
    return [part for piece in pieces for part in (b",", piece)][1:]


def decode(content: bytes, *, require_measurement: bool = True, limits: CompileLimits | None = None) -> AQO:
    """Return the circuit of a JSON document, canonical or written by hand: any key order, defaults left out.

    `clbits` defaults to what is measured, `parameters` to the names used, in order of first appearance.

    Args:
        content: UTF-8, at most `MAX_DOCUMENT_BYTES`.
        require_measurement: Whether a circuit that measures nothing and has no observables is refused.
        limits: What a circuit may use; by default what the language allows.

    Raises:
        InvalidArgumentError: The document is wrong; `diagnostics` has its faults (at most 20) with codes `AQO_…` and
            paths such as `operations[0].q[0]`; text that is not strict JSON has a reason `JSON_…`.
        ResourceExhaustedError: It passes a limit.
    """
    limits = limits or CompileLimits()
    _check_size(content, limits)
    with no_collections():
        circuit = _read_plain(content, limits) or _read_plain(_compact(content), limits) or _read_any(content, limits)
    if require_measurement and not circuit.observables and not any(one.op == MEASURE for one in circuit.operations):
        faults = Faults(_WHAT)
        faults.add("AQO_NOTHING_MEASURED", "nothing is measured", path="operations", hint="add a MEASURE operation")
        faults.raise_if_any()
    return circuit


class _Spellings(dict[Operation, bytes]):
    """Operation → its canonical JSON, spelled when first asked for.

    What stands around the angles is remembered for each combination of the rest, so that a circuit whose angles all
    differ costs their numbers only; whole operations are remembered up to a bound, so that such a circuit is not kept
    twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._frames: dict[tuple[Any, ...], tuple[str, str]] = {}

    def __missing__(self, operation: Operation) -> bytes:
        op, q, angles, c, condition, basis = operation
        rest = (op, q, c, condition, basis)
        frame = self._frames.get(rest)
        if frame is None:
            frame = self._frames[rest] = _frame(operation)
        names = _SPELLED_ANGLES[op]
        if len(angles) != len(names):
            raise _not_an_operation(operation)
        spelled = (frame[0] + _spell_angles(names, angles) + frame[1]).encode("ascii")
        if len(self) < _MOST_REMEMBERED:
            self[operation] = spelled
        return spelled


def _frame(operation: Operation) -> tuple[str, str]:
    """Return what stands before and behind the angles of an operation."""
    op, q, _, c, condition, basis = operation
    if op not in OPS:
        raise _not_an_operation(operation)
    parts = [f'"basis":"{basis}"'] if basis else []
    if c:
        parts.append(f'"c":{_spell_indices(c)}')
    if condition:
        parts.append(f'"if":{{"c":{_spell_indices(condition.c)},"eq":{condition.eq}}}')
    parts.append(f'"op":"{op}"')
    head, tail = "{" + ",".join(parts), f',"q":{_spell_indices(q)}}}'
    return (head + ',"params":{', "}" + tail) if OPS[op].angles else (head, tail)


def _not_an_operation(operation: Operation) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{quoted(operation.op)} with {len(operation.params)} angles is not an operation of AQO",
        reason="AQO_UNKNOWN_OP",
        hint=AQO_HINTS["AQO_UNKNOWN_OP"],
    )


def _spell_indices(indices: tuple[int, ...]) -> str:
    return f"[{','.join(map(str, indices))}]"


def _spell_angles(names: tuple[tuple[str, int], ...], angles: tuple[Angle, ...]) -> str:
    if len(names) == 1:
        return f'"{names[0][0]}":{_spell_angle(angles[0])}'
    return ",".join([f'"{name}":{_spell_angle(angles[index])}' for name, index in names])


def _spell_angle(angle: Angle) -> str:
    return f'"{format_angle(angle)}"' if isinstance(angle, Affine) else format_number(angle)


def _spell_observables(circuit: AQO) -> list[bytes]:
    if not circuit.observables:
        return []
    return [canonical_json({name: [_term(one) for one in terms] for name, terms in circuit.observables.items()})]


def _term(term: PauliTerm) -> list[Any]:
    return [term.paulis, term.qubits, float(term.coefficient)]


class _Compacted(dict[str, str]):
    """Text between two strings → the same without needless blanks; blanks that part two numbers stay, as faults."""

    def __missing__(self, text: str) -> str:
        compacted = self[text] = _BLANKS.sub("", text)
        return compacted


def _compact(content: bytes) -> bytes:
    """Return a document without blanks between its tokens, or nothing where that takes a closer look at its strings."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return b""
    if "\\" in text:
        return b""
    parts = text.split('"')
    parts[::2] = map(_Compacted().__getitem__, parts[::2])
    return '"'.join(parts).encode("utf-8")


def _check_size(content: bytes, limits: CompileLimits) -> None:
    """Refuse, before it is parsed, what would take gigabytes once parsed."""
    most = 8 * limits.operations + 1000  # an operation has at most 6 lists and objects
    brackets = content.count(b"{") + content.count(b"[")
    for size, limit, what in ((len(content), MAX_DOCUMENT_BYTES, "bytes"), (brackets, most, "lists and objects")):
        if size > limit:
            message = f"the {_WHAT} has {size} {what}; at most {limit} are taken"
            raise ResourceExhaustedError(message, reason="AQO_SIZE_LIMIT", hint=AQO_HINTS["AQO_SIZE_LIMIT"])


def _read_any(content: bytes, limits: CompileLimits) -> AQO:
    document = read_json(content, max_bytes=MAX_DOCUMENT_BYTES, max_depth=_MAX_DEPTH, what=_WHAT)
    faults = Faults(_WHAT)
    rules = Rules(faults, limits=limits)
    if type(document) is not dict:
        rules.add("AQO_TYPE", "must be an object", "")
        faults.raise_if_any()
    rules.header(document)
    operations = _read_operations(document.get("operations", []), rules, faults, limits)
    return _finish(document, operations, rules, faults)


def _read_operations(documents: object, rules: Rules, faults: Faults, limits: CompileLimits) -> tuple[Operation, ...]:
    if type(documents) is not list:
        rules.add("AQO_TYPE", "must be a list", "operations")
        return ()
    if len(documents) > limits.operations:
        message = f"there are {len(documents)} operations, more than the limit of {limits.operations}"
        rules.add("AQO_OPERATIONS_LIMIT", message, "operations", limit=True)
        return ()
    operations = []
    for index, document in enumerate(documents):
        path = f"operations[{index}]"
        shape = rules.shape(document, path)
        if shape is not None:
            angles = rules.angles(shape.op, document.get("params", {}), f"{path}.params")
            operations.append(_with_angles(shape, angles))
        if faults.is_full:
            break
    return tuple(operations)


def _with_angles(shape: Operation, angles: tuple[Angle, ...]) -> Operation:
    return Operation(shape.op, shape.q, angles, shape.c, shape.condition, shape.basis) if angles else shape


def _finish(document: dict[str, Any], operations: tuple[Operation, ...], rules: Rules, faults: Faults) -> AQO:
    observables = rules.observables(document["observables"]) if "observables" in document else {}
    clbits = rules.clbits
    if clbits is None:
        clbits = max((bit for one in operations for bit in one.c), default=-1) + 1
        rules.conditions(operations, clbits)
    faults.raise_if_any()
    return AQO(
        qubits=rules.qubits,
        clbits=clbits,
        parameters=tuple(rules.used_parameters) if rules.parameters is None else rules.parameters,
        operations=operations,
        observables=observables,
    )


class _NotPlainError(Exception):
    """The text cannot be cut into operations, or is wrong somewhere."""


class _Pieces(dict[str, Operation]):
    """Text of an operation without its outer braces → the operation, read when first asked for."""

    def __init__(self, rules: Rules, faults: Faults) -> None:
        super().__init__()
        self._rules = rules
        self._faults = faults
        self._frames: dict[tuple[str, str], Operation] = {}
        self._shapes: dict[str, Operation] = {}
        self._angles: dict[tuple[str, str], tuple[Angle, ...]] = {}

    def __missing__(self, piece: str) -> Operation:
        front, _, tail = piece.rpartition("}")
        head, _, inner = front.rpartition("{")
        frame = self._frames.get((head, tail))
        angles = _plain_angles(frame.op, inner) if frame else None
        if frame is None or angles is None:
            return self._read(piece, head, tail)
        op, q, _, c, condition, basis = frame
        operation = _NEW(Operation, (op, q, angles, c, condition, basis))
        if len(self) < _MOST_REMEMBERED:
            self[piece] = operation
        return operation

    def _read(self, piece: str, head: str, tail: str) -> Operation:
        """Read an operation as a whole; what stands around its angles, if it has any, is a frame for others."""
        before, has_params, rest = piece.partition('"params":{')
        inner, closed, behind = rest.partition("}")
        if has_params and not closed:
            raise _NotPlainError
        shape = self._shape(f'{before}"params":{{}}{behind}' if has_params else before)
        operation = _with_angles(shape, self._angles_of(shape.op, inner))
        if len(self) < _MOST_REMEMBERED:
            self[piece] = operation
        is_frame = operation.params and head == f'{before}"params":' and tail == behind
        if is_frame and len(self._frames) < _MOST_REMEMBERED:
            self._frames[head, tail] = shape
        return operation

    def _shape(self, text: str) -> Operation:
        shape = self._shapes.get(text)
        if shape is None:
            shape = _plain_gate(text, self._rules.qubits)
            shape = shape or self._rules.shape(read_json_text(f"{{{text}}}", max_depth=_MAX_DEPTH), "")
            if shape is None or not self._faults.is_empty:
                raise _NotPlainError
            self._shapes[text] = shape
        return shape

    def _angles_of(self, op: str, text: str) -> tuple[Angle, ...]:
        plain = _plain_angles(op, text)
        if plain is not None:
            return plain  # as below, at a fifth of the time: angles of a long circuit may all differ
        angles = self._angles.get((op, text))
        if angles is None:
            angles = self._rules.angles(op, read_json_text(f"{{{text}}}", max_depth=_MAX_DEPTH), "")
            if not self._faults.is_empty:
                raise _NotPlainError
            if len(self._angles) < _MOST_REMEMBERED:
                self._angles[op, text] = angles
        return angles


def _plain_gate(text: str, num_qubits: int) -> Operation | None:
    """Return a gate without its angles where a text is one in canonical order, without a condition or a fault."""
    found = _IS_GATE(text)
    rule = OPS.get(found[1]) if found else None
    if found is None or rule is None:
        return None
    q = tuple(map(int, found[2].split(",")))
    is_right = len(q) == rule.num_qubits and max(q) < num_qubits and len(set(q)) == len(q)
    return Operation(found[1], q) if is_right else None  # as by the rules, at a quarter of the time


def _plain_angles(op: str, text: str) -> tuple[float, ...] | None:
    """Return angles in the gate's order where a text is all of them in canonical order, finite numbers, else None."""
    found = _NUMBERS_ONLY[op](text)
    if found is None:
        return None
    angles = tuple(map(float, found.group(*_NUMBERS_IN_ORDER[op])[1:]))
    return angles if all(map(math.isfinite, angles)) else None


def _cut(content: bytes, start: int, end: int) -> Iterator[list[str]]:
    """Yield the texts between `},{`, a stretch of the document at a time: all of them would take twice its size."""
    while start <= end:
        behind = content.find(b"},{", min(start + _STRETCH_BYTES, end), end)
        stop = behind if behind >= 0 else end
        yield content[start:stop].decode("utf-8").split("},{")
        start = stop + 3


def _read_plain(content: bytes, limits: CompileLimits) -> AQO | None:
    """Return the circuit of a document without blanks in which nothing is wrong, else None."""
    start, end = content.find(b'"operations":[{'), content.rfind(b"}]")
    first = start + len(b'"operations":')
    if start < 0 or end < first or content.count(b"},{", first, end) >= limits.operations:
        return None
    faults = Faults(_WHAT)
    rules = Rules(faults, limits=limits)
    try:
        frame = content[:first] + b"null" + content[end + 2 :]
        document = read_json(frame, max_bytes=MAX_DOCUMENT_BYTES, max_depth=_MAX_DEPTH)
        if type(document) is not dict or document.get("operations", "") is not None:
            return None
        rules.header(document)
        texts = chain.from_iterable(_cut(content, first + 2, end))
        operations = tuple(map(_Pieces(rules, faults).__getitem__, texts))
        return _finish(document, operations, rules, faults)
    except (_NotPlainError, EigenError, UnicodeDecodeError):
        return None
