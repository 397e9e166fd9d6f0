"""What goes into a driver and comes out of it is checked here, whoever wrote the driver: right counts, or none.

Checking a million bitstrings takes a noticeable fraction of a second, so that large results are checked in pieces with
a turn for everybody else between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeGuard

import anyio.lowlevel

from eigen.contracts.canonical import canonical_json
from eigen.contracts.errors import EigenError, InternalError, InvalidArgumentError
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.contracts.printable import printable, quoted

__all__ = ["broken_promise", "check_bindings", "checked_results"]

_PIECE = 5_000
_VALUES_PER_PIECE = 20_000
_ROUNDING = 1e-6
"""How far beyond its bound a value may be, as a share of that: engines of single precision round so far."""

_MOST_STD_ERRORS = 10.0


async def check_bindings(request: ExecutionRequest) -> None:
    """Refuse bindings that a circuit cannot be run with.

    Raises:
        InvalidArgumentError: There is no binding, one lacks a parameter or has one too many, or a value is no finite
            number.
    """
    if not request.bindings:
        raise InvalidArgumentError(
            "there is nothing to run: no binding", reason="BINDINGS_EMPTY", hint="give at least one point of the sweep"
        )
    parameters = frozenset(request.payload.profile.parameters)
    per_piece = max(1, _VALUES_PER_PIECE // (len(parameters) + 1))
    for index, binding in enumerate(request.bindings):
        if index % per_piece == per_piece - 1:
            await anyio.lowlevel.checkpoint()
        _check_names(binding, parameters)
        for name, value in binding.items():
            _check_value(name, value)


def _check_names(binding: Mapping[str, float], parameters: frozenset[str]) -> None:
    if binding.keys() == parameters:
        return
    missing = sorted(parameters - binding.keys())
    if missing:
        raise InvalidArgumentError(
            f"parameter {quoted(missing[0])} has no value",
            reason="PARAMETER_UNBOUND",
            hint="give it under spec.inputs, or as --input NAME=VALUE",
        )
    extra = sorted(binding.keys() - parameters)
    raise InvalidArgumentError(
        f"the circuit has no parameter {quoted(extra[0])}",
        reason="PARAMETER_UNKNOWN",
        hint=f"it has: {printable(', '.join(sorted(parameters))) or 'none'}",
    )


def _check_value(name: str, value: object) -> None:
    if not _is_number(value):
        raise InvalidArgumentError(
            f"parameter {quoted(name)} is {quoted(value)}; it must be a finite number",
            reason="PARAMETER_NOT_FINITE",
            hint="give smaller values, in a loop also bounds",
        )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


async def checked_results(request: ExecutionRequest, results: object) -> tuple[ExecutionResult, ...]:
    """Return a driver's results with counts in order of bitstring, or raise where they cannot be right.

    Args:
        request: What was asked for.
        results: What came, whatever it is.

    Raises:
        InternalError: Types, the number of results, names of observables, values that no state has, the sum of counts,
            a bitstring's width or characters, a count, the time or the metadata are not what was promised (reason
            `DRIVER_BROKE_PROMISE`).
    """
    if not isinstance(results, Sequence) or not all(isinstance(one, ExecutionResult) for one in results):
        raise broken_promise(request.device_id, f"gave {quoted(type(results).__name__)}, which are no results")
    if len(results) != len(request.bindings):
        raise broken_promise(request.device_id, f"gave {len(results)} results for {len(request.bindings)} bindings")
    return tuple([await _checked(request, result) for result in results])


async def _checked(request: ExecutionRequest, result: ExecutionResult) -> ExecutionResult:
    _check_facts(request, result)
    _check_values(request, result)
    if "MEASURE" not in request.payload.profile.op_counts:
        if result.counts:
            raise broken_promise(request.device_id, "gave counts of a circuit that measures nothing")
        return result
    total = 0
    entries = iter(result.counts.items())
    while piece := list(islice(entries, _PIECE)):
        total += _piece_total(request, piece)
        if len(piece) == _PIECE:
            await anyio.lowlevel.checkpoint()
    if total != request.options.shots:
        raise broken_promise(request.device_id, f"gave counts of {total} shots for {request.options.shots}")
    return replace(result, counts=_sorted(result.counts))


def _check_facts(request: ExecutionRequest, result: ExecutionResult) -> None:
    for name in ("counts", "metadata", "expectation_values"):
        found = getattr(result, name)
        if not isinstance(found, Mapping):
            raise broken_promise(request.device_id, f"gave {name} that are a {quoted(type(found).__name__)}")
    if not _is_number(result.execution_time_sec) or result.execution_time_sec < 0:
        raise broken_promise(request.device_id, f"gave the time {quoted(result.execution_time_sec)}")
    try:
        canonical_json(result.metadata)
    except EigenError as error:
        raise broken_promise(request.device_id, f"gave metadata that are no JSON: {error.message}") from error


def _check_values(request: ExecutionRequest, result: ExecutionResult) -> None:
    values, asked = result.expectation_values, request.payload.profile.observables
    if values.keys() != set(asked):
        names = printable(", ".join(map(str, values))) or "none"
        raise broken_promise(
            request.device_id, f"gave the expectation values {names} for {printable(', '.join(asked)) or 'none'}"
        )
    for name, pair in values.items():
        if not _is_estimate(pair):
            raise broken_promise(request.device_id, f"gave {quoted(pair)} for {quoted(name)}")
    for name, bound in zip(asked, request.payload.profile.observable_bounds, strict=True):
        value, std_error = values[name]
        if abs(value) > bound * (1 + _ROUNDING) + _MOST_STD_ERRORS * std_error:
            raise broken_promise(request.device_id, f"gave {value!r} for {quoted(name)}, which is at most {bound!r}")


def _is_estimate(pair: object) -> bool:
    match pair:
        case (value, std_error):
            return _is_number(value) and _is_number(std_error) and std_error >= 0
    return False


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _piece_total(request: ExecutionRequest, piece: Iterable[tuple[str, int]]) -> int:
    width = request.payload.profile.clbits
    total = 0
    for bits, count in piece:
        if not isinstance(bits, str) or len(bits) != width or bits.strip("01"):
            raise broken_promise(request.device_id, f"gave the bitstring {quoted(bits)} for {width} classical bits")
        if type(count) is not int or count < 1:
            raise broken_promise(request.device_id, f"gave the count {quoted(count)} for {quoted(bits)}")
        total += count
    return total


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts in order of bitstring; very many in the driver's order, since sorting would hold the loop."""
    return dict(sorted(counts.items())) if len(counts) <= _PIECE else dict(counts)


def broken_promise(device_id: str, what: str) -> InternalError:
    """Return the error for what a device's driver gave and should not have."""
    return InternalError(
        f"the driver of {printable(device_id)} {what}",
        reason="DRIVER_BROKE_PROMISE",
        hint="this is a defect of the driver; its results were thrown away",
    )
