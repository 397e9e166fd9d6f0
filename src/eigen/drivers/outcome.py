"""What goes into a driver and comes out of it is checked here, whoever wrote the driver: right counts, or none.

Checking a million bitstrings takes a noticeable fraction of a second, so that large results are checked in pieces with
a turn for everybody else between them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import anyio.lowlevel

from eigen.contracts.errors import InternalError, InvalidArgumentError
from eigen.contracts.execution import ExecutionRequest, ExecutionResult
from eigen.contracts.printable import printable, quoted

__all__ = ["broken_promise", "check_bindings", "checked_results"]

_PIECE = 5_000
_VALUES_PER_PIECE = 20_000


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
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
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


async def checked_results(request: ExecutionRequest, results: Sequence[ExecutionResult]) -> tuple[ExecutionResult, ...]:
    """Return a driver's results with counts in order of bitstring, or raise where they cannot be right.

    Raises:
        InternalError: The number of results or expectation values, one of these, the sum of counts, a bitstring's width
            or characters, a count or the time is not what was promised (reason `DRIVER_BROKE_PROMISE`).
    """
    if len(results) != len(request.bindings):
        raise broken_promise(request.device_id, f"gave {len(results)} results for {len(request.bindings)} bindings")
    return tuple([await _checked(request, result) for result in results])


async def _checked(request: ExecutionRequest, result: ExecutionResult) -> ExecutionResult:
    if not math.isfinite(result.execution_time_sec) or result.execution_time_sec < 0:
        raise broken_promise(request.device_id, f"gave the time {result.execution_time_sec}")
    _check_values(request, result)
    if not result.counts and "MEASURE" not in request.payload.profile.op_counts:
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


def _check_values(request: ExecutionRequest, result: ExecutionResult) -> None:
    values = result.expectation_values
    if len(values) != request.payload.profile.num_observables:
        raise broken_promise(
            request.device_id,
            f"gave {len(values)} expectation values for {request.payload.profile.num_observables} observables",
        )
    for name, (value, std_error) in values.items():
        if not (math.isfinite(value) and math.isfinite(std_error) and std_error >= 0):
            raise broken_promise(request.device_id, f"gave {value} ± {std_error} for {quoted(name)}")


def _piece_total(request: ExecutionRequest, piece: Iterable[tuple[str, int]]) -> int:
    width = request.payload.profile.clbits
    total = 0
    for bits, count in piece:
        if len(bits) != width or bits.strip("01"):
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
