"""The conformance suite catches drivers with faults; each fault here is one that a real driver has had."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import anyio
import numpy as np
import pytest

from eigen.contracts.aqo import AQO, CircuitProfile, Operation
from eigen.contracts.aqo_json import decode, encode
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import DeviceInfo, DeviceStatus
from eigen.contracts.execution import Admission, ExecutionOptions, ExecutionRequest, ExecutionResult
from eigen.contracts.gates import GATES, Gate
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest
from eigen.drivers.sim import SimDriver
from eigen.ports.drivers import Driver
from eigen.testing.conformance_circuits import gate_cases
from eigen.testing.driver_conformance import assert_distribution, check_driver
from eigen.verification.exact_distribution import exact_distribution

Fault = Callable[[ExecutionRequest], ExecutionRequest]
ResultFault = Callable[[ExecutionResult], ExecutionResult]
LoopFault = Callable[[LoopRequest], LoopRequest]
OutcomeFault = Callable[[LoopOutcome], LoopOutcome]


class FaultyDriver(Driver):
    """A right driver with one fault before it or behind it."""

    name = "sim"

    def __init__(
        self,
        right: Driver,
        *,
        before: Fault = lambda request: request,
        behind: ResultFault = lambda result: result,
        loop_before: LoopFault = lambda request: request,
        loop_behind: OutcomeFault = lambda outcome: outcome,
        forgets_journals: bool = False,
        outlives_cancel: bool = False,
    ) -> None:
        self._right = right
        self._before = before
        self._behind = behind
        self._loop_before = loop_before
        self._loop_behind = loop_behind
        self._forgets_journals = forgets_journals
        self._outlives_cancel = outlives_cancel
        self._orphaned: int | None = None

    def devices(self) -> tuple[DeviceInfo, ...]:
        return self._right.devices()

    async def status(self, device_id: str) -> DeviceStatus:
        return await self._right.status(device_id)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        return self._right.admit(device_id, profile, options)

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        return tuple(self._behind(result) for result in await self._right.execute(self._before(request)))

    def runs_loops(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> bool:
        return self._right.runs_loops(device_id, profile, options)

    async def minimize(
        self, request: LoopRequest, *, journal: int, tell: Callable[[LoopProgress], None]
    ) -> LoopOutcome:
        if self._orphaned is not None:
            os.write(self._orphaned, b"one more evaluation")
            os.close(self._orphaned)
            self._orphaned = None
        if self._forgets_journals:
            os.ftruncate(journal, 0)
        changed = self._loop_before(request)
        try:
            return self._loop_behind(await self._right.minimize(changed, journal=journal, tell=tell))
        except anyio.get_cancelled_exc_class():
            if self._outlives_cancel:
                self._orphaned = os.dup(journal)
            raise


def with_task(**changes: Any) -> LoopFault:
    return lambda request: replace(request, task=replace(request.task, **changes))


def negated(request: LoopRequest) -> LoopRequest:
    circuit = decode(request.payload.data, require_measurement=False)
    turned = {
        name: tuple(one._replace(coefficient=-one.coefficient) for one in terms)
        for name, terms in circuit.observables.items()
    }
    content = encode(replace(circuit, observables=turned))
    return replace(request, payload=replace(request.payload, data=content, digest=sha256_hex(content)))


def with_counts(change: Callable[[Mapping[str, int]], dict[str, int]]) -> ResultFault:
    return lambda result: replace(result, counts=change(result.counts))


def by_bits(change: Callable[[str], str]) -> ResultFault:
    return with_counts(lambda counts: {change(bits): count for bits, count in counts.items()})


def with_operations(change: Callable[[Operation], Operation | None]) -> Fault:
    def changed(request: ExecutionRequest) -> ExecutionRequest:
        circuit = decode(request.payload.data)
        operations = tuple(one for one in map(change, circuit.operations) if one is not None)
        content = encode(replace(circuit, operations=operations))
        return replace(request, payload=replace(request.payload, data=content, digest=sha256_hex(content)))

    return changed


def only(op: str, change: Callable[[Operation], Operation | None]) -> Fault:
    return with_operations(lambda one: change(one) if one.op == op else one)


def with_seed(change: Callable[[int], int]) -> Fault:
    return lambda request: replace(request, options=replace(request.options, seed=change(request.options.seed)))


def lose_a_shot(counts: Mapping[str, int]) -> dict[str, int]:
    first, *rest = counts
    return {bits: counts[bits] - (bits == first) for bits in (first, *rest)}


def flip_sign(operation: Operation) -> Operation:
    return operation._replace(params=(-operation.params[0],))  # type: ignore[operator]  # RZZ's angle is a number here


def swap_qubits(operation: Operation) -> Operation:
    return operation._replace(q=operation.q[::-1])


def drop(operation: Operation) -> None:
    return None


def rename(op: str) -> Callable[[Operation], Operation]:
    return lambda operation: operation._replace(op=op)


def tilt(counts: Mapping[str, int]) -> dict[str, int]:
    """Move a fifth of the shots of the lowest bitstring to the highest."""
    low, high = min(counts), max(counts)
    moved = counts[low] // 5 if low != high else 0
    return {**counts, low: counts[low] - moved, high: counts[high] + moved}


def without_seed(result: ExecutionResult) -> ExecutionResult:
    return replace(result, metadata={name: value for name, value in result.metadata.items() if name != "seed"})


def first_binding_for_all(request: ExecutionRequest) -> ExecutionRequest:
    return replace(request, bindings=request.bindings[:1] * len(request.bindings))


def unconditional(operation: Operation) -> Operation:
    return operation._replace(condition=None)


def without_conditional(operation: Operation) -> Operation | None:
    return None if operation.condition else operation


def without_basis(operation: Operation) -> Operation:
    return operation._replace(basis="")


def y_as_x(operation: Operation) -> Operation:
    return operation._replace(basis="X") if operation.basis == "Y" else operation


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    # fault: (what the report must name, how to make it)
    "reversed bits": ("rightmost character", {"behind": by_bits(lambda bits: bits[::-1])}),
    "leading zeros left out": ("has its place", {"behind": by_bits(lambda bits: bits.lstrip("0") or "0")}),
    "a blank between registers": ("is no bitstring", {"behind": by_bits(lambda bits: bits.replace("00", "0 ", 1))}),
    "a shot is lost": ("the counts sum to", {"behind": with_counts(lose_a_shot)}),
    "counts are tilted": ("chi-square", {"behind": with_counts(tilt)}),
    "conditions are dropped": ("where its bit is 1", {"before": with_operations(unconditional)}),
    "conditional operations are dropped": ("where its bit is 1", {"before": with_operations(without_conditional)}),
    "resets are dropped": ("a reset qubit is 0", {"before": only("RESET", drop)}),
    "the basis of a measurement is dropped": ("basis X", {"before": only("MEASURE", without_basis)}),
    "basis Y is read as X": ("basis Y", {"before": only("MEASURE", y_as_x)}),
    "RZZ turns the other way": ("the gate rzz", {"before": only("RZZ", flip_sign)}),
    "S and SDG are mixed up": ("the gate s ", {"before": only("S", rename("SDG"))}),
    "SX is X": ("the gate sx ", {"before": only("SX", rename("X"))}),
    "target and control are mixed up": ("is its control", {"before": only("CX", swap_qubits)}),
    "RZX acts on its qubits in the other order": ("the gate rzx", {"before": only("RZX", swap_qubits)}),
    "CCZ is dropped": ("the gate ccz", {"before": only("CCZ", drop)}),
    "the seed is ignored": ("another seed", {"before": with_seed(lambda seed: 1)}),
    "the seed is cut to 32 bits": ("another seed", {"before": with_seed(lambda seed: seed % 2**32)}),
    "all bindings but the first are lost": ("in its place", {"before": first_binding_for_all}),
    "a loop maximises": ("exact are", {"loop_before": negated}),
    "a loop leaves its bounds": ("out of the bounds", {"loop_before": with_task(bounds=())}),
    "a loop takes more evaluations than it may": ("in the journal", {"loop_before": with_task(max_evals=60)}),
    "a loop begins elsewhere": ("with the same values", {"loop_before": with_task(max_evals=4)}),
    "a loop's best is not the one of its journal": (
        "the outcome",
        {"loop_behind": lambda outcome: replace(outcome, x=outcome.x[::-1])},
    ),
    "a loop forgets evaluations": (
        "39 evaluations, 40 in the journal",
        {"loop_behind": lambda outcome: replace(outcome, nfev=outcome.nfev - 1)},
    ),
    "a loop's seed is ignored": ("has the seed", {"loop_before": with_task(seed=1)}),
    "a sampled loop takes exact values": ("has the seed None", {"loop_before": with_task(is_sampled=False)}),
    "a loop forgets its journal": ("was made again", {"forgets_journals": True}),
    "a loop goes on when it is cancelled": ("grew after the cancel", {"outlives_cancel": True}),
    "the metadata lack the seed": ("the metadata lacks seed", {"behind": without_seed}),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def right(anyio_backend: str) -> AsyncIterator[SimDriver]:
    async with SimDriver() as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_caught_and_named(right: SimDriver, fault: str) -> None:
    named, changes = FAULTS[fault]
    with pytest.raises(AssertionError, match=named):
        await check_driver(FaultyDriver(right, **changes), "sim:local")


async def test_the_wrapper_by_itself_has_no_fault(right: SimDriver) -> None:
    await check_driver(FaultyDriver(right), "sim:local")


async def test_a_driver_that_raises_anything_is_reported_not_raised(right: SimDriver) -> None:
    def broken(request: ExecutionRequest) -> ExecutionRequest:
        raise ZeroDivisionError("in the vendor's code")

    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        await check_driver(FaultyDriver(right, before=broken), "sim:local")


async def test_a_device_that_is_not_listed_is_reported(right: SimDriver) -> None:
    with pytest.raises(AssertionError, match="does not list"):
        await check_driver(right, "sim:other")


def test_fair_counts_pass_and_unfair_ones_do_not() -> None:
    fair = {"0": 0.5, "1": 0.5}
    assert_distribution({"0": 2_000, "1": 2_096}, fair, story="a coin")
    with pytest.raises(AssertionError, match="a coin: chi-square"):
        assert_distribution({"0": 1_800, "1": 2_296}, fair, story="a coin")
    with pytest.raises(AssertionError, match="cannot come"):
        assert_distribution({"0": 4_095, "1": 1}, {"0": 1.0}, story="a coin")


def distance(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Expected chi-square of one shot that was drawn from the other distribution."""
    return sum((one.get(bits, 0) - other.get(bits, 0)) ** 2 / max(one.get(bits, 0), 1e-9) for bits in {*one, *other})


def gates_taken_for(gate: Gate) -> list[Operation]:
    """What a driver may run in place of a gate: another one, its inverse by sign, itself on its qubits reordered."""
    qubits, angles = tuple(range(gate.num_qubits)), tuple(0.7 + 0.4 * k for k in range(len(gate.params)))
    others = [
        Operation(other.op, qubits, angles)
        for other in GATES.values()
        if (other.num_qubits, len(other.params)) == (gate.num_qubits, len(gate.params))
    ]
    reordered = [Operation(gate.op, order, angles) for order in permutations(qubits)]
    return [*others, *reordered, Operation(gate.op, qubits, tuple(-angle for angle in angles))]


def same_up_to_phase(one: Operation, other: Operation) -> bool:
    """Whether two operations on up to three qubits are the same, but for a global phase."""
    first, second = (as_matrix(operation) for operation in (one, other))
    return bool(abs(abs(np.trace(first.conj().T @ second)) - len(first)) < 1e-9)


def as_matrix(operation: Operation) -> np.ndarray:
    size = 2 ** len(operation.q)
    small = np.array(GATES[operation.op.lower()].unitary(*operation.params))
    place = [sum((index >> k & 1) << qubit for k, qubit in enumerate(operation.q)) for index in range(size)]
    matrix = np.zeros_like(small)
    matrix[np.ix_(place, place)] = small
    return matrix


def test_the_gate_cases_tell_every_gate_from_all_that_it_could_be_taken_for() -> None:
    """Two thousand shots of a wrong gate are at least a hundred above their expectation, in one of its cases."""
    by_gate: dict[str, list[AQO]] = {}
    for case in gate_cases(GATES):
        by_gate.setdefault(case.shows.split()[2], []).append(case.circuit)
    for name, circuits in by_gate.items():
        at = 2 * GATES[name].num_qubits
        right = circuits[0].operations[at]
        for wrong in gates_taken_for(GATES[name]):
            if same_up_to_phase(right, wrong):
                continue
            changed = [
                replace(one, operations=(*one.operations[:at], wrong, *one.operations[at + 1 :])) for one in circuits
            ]
            apart = [
                distance(exact_distribution(one), exact_distribution(other))
                for one, other in zip(circuits, changed, strict=True)
            ]
            assert max(apart) > 0.05, (name, wrong)


def test_rare_outcomes_are_judged_together() -> None:
    rare = {"00": 0.999, "01": 0.0004, "10": 0.0003, "11": 0.0003}
    assert_distribution({"00": 999, "11": 1}, rare, story="rare")
    with pytest.raises(AssertionError, match="rare"):
        assert_distribution({"00": 980, "11": 20}, rare, story="rare")
