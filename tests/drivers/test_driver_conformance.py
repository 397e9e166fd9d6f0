"""The conformance suite catches drivers with faults; each fault here is one that a real driver has had."""

from __future__ import annotations

import math
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from eigen.contracts.aqo import AQO, CircuitProfile, Operation
from eigen.contracts.aqo_json import decode, encode
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import DeviceInfo, DeviceState, DeviceStatus
from eigen.contracts.errors import UnimplementedError
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
        admitted: Callable[[Admission], Admission] = lambda admission: admission,
        forgets_journals: bool = False,
        outlives_cancel: bool = False,
        shields_itself: bool = False,
        ends_late: bool = False,
        prepare: Callable[[], Awaitable[None]] | None = None,
        calibrate: Callable[[str], DeviceStatus] | None = None,
        invents_results: bool = False,
        knows_every_device: bool = False,
        gives_lists: bool = False,
        turns_calls_round: bool = False,
    ) -> None:
        self._right = right
        self._before = before
        self._behind = behind
        self._loop_before = loop_before
        self._loop_behind = loop_behind
        self._forgets_journals = forgets_journals
        self._admitted = admitted
        self._outlives_cancel = outlives_cancel
        self._shields_itself = shields_itself or ends_late
        self._ends_late = ends_late
        self._prepare = prepare
        self._calibrate = calibrate
        self._invents_results = invents_results
        self._knows_every_device = knows_every_device
        self._gives_lists = gives_lists
        self._turns_calls_round = turns_calls_round
        self._orphaned: int | None = None

    def devices(self) -> tuple[DeviceInfo, ...]:
        return self._right.devices()

    async def status(self, device_id: str) -> DeviceStatus:
        if self._knows_every_device:
            return DeviceStatus(device_id=device_id, state=DeviceState.ONLINE)
        return await self._right.status(device_id)

    def admit(self, device_id: str, profile: CircuitProfile, options: ExecutionOptions) -> Admission:
        return self._admitted(self._right.admit(device_id, profile, options))

    async def execute(self, request: ExecutionRequest) -> tuple[ExecutionResult, ...]:
        with anyio.CancelScope(shield=self._shields_itself):
            try:
                results = tuple(self._behind(result) for result in await self._right.execute(self._before(request)))
            except anyio.get_cancelled_exc_class():
                if not self._invents_results:
                    raise
                return (invented(request),)
        if self._ends_late:
            await anyio.lowlevel.checkpoint()
        return list(results) if self._gives_lists else results  # type: ignore[return-value]  # the fault

    async def prepare(self, device_id: str) -> None:
        await (self._prepare() if self._prepare is not None else self._right.prepare(device_id))

    async def calibrate(self, device_id: str) -> DeviceStatus:
        if self._calibrate is not None:
            return self._calibrate(device_id)
        return await self._right.calibrate(device_id)

    async def execute_many(self, requests: Sequence[ExecutionRequest]) -> tuple[tuple[ExecutionResult, ...], ...]:
        found = await super().execute_many(requests)
        return found[::-1] if self._turns_calls_round else found

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


def invented(request: ExecutionRequest) -> ExecutionResult:
    counts = {"0" * request.payload.profile.clbits: request.options.shots}
    facts = {"backend": "", "method": "", "seed": request.options.seed, "versions": {}}
    return ExecutionResult(counts=counts, execution_time_sec=0.0, metadata=facts)


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


def with_metadata(**changes: Any) -> ResultFault:
    return lambda result: replace(result, metadata={**result.metadata, **changes})


def inverse_order(operation: Operation) -> Operation:
    """Measure the qubits in the inverse of the order that was asked for, listed from the last bit to the first."""
    order = [qubit for _, qubit in sorted(zip(operation.c, operation.q, strict=True), reverse=True)]
    if sorted(order) != list(range(len(order))):
        return operation
    inverse = tuple(order.index(place) for place in range(len(order)))
    return operation._replace(q=inverse, c=tuple(sorted(operation.c, reverse=True)))


def cut_to_8192(counts: Mapping[str, int]) -> dict[str, int]:
    """Draw at most 8,192 shots, and call what is lacking the last outcome."""
    shots = sum(counts.values())
    cut = {bits: count * 8_192 // shots for bits, count in counts.items()} if shots > 8_192 else dict(counts)
    last = max(cut)
    return {bits: count for bits, count in {**cut, last: cut[last] + shots - sum(cut.values())}.items() if count}


def block(request: ExecutionRequest) -> ExecutionRequest:
    """Compute on the event loop for 50 ms."""
    until = time.perf_counter() + 0.05
    while time.perf_counter() < until:
        pass
    return request


def without_noise(request: ExecutionRequest) -> ExecutionRequest:
    return replace(request, options=replace(request.options, noise_model=None))


def shortened(operation: Operation) -> Operation:
    condition = operation.condition
    if condition is None:
        return operation
    return operation._replace(condition=condition._replace(c=condition.c[:2], eq=condition.eq & 3))


def swap_conditional(operation: Operation) -> Operation:
    return swap_qubits(operation) if operation.condition and operation.op == "CX" else operation


def in_single_precision(result: ExecutionResult) -> ExecutionResult:
    values = {name: (float(np.float32(value)), error) for name, (value, error) in result.expectation_values.items()}
    return replace(result, expectation_values=values)


def with_noise(right: str, wrong: str) -> Fault:
    def changed(request: ExecutionRequest) -> ExecutionRequest:
        asked = request.options.noise_model
        noise_model = asked.replace(right, wrong) if asked is not None else None
        return replace(request, options=replace(request.options, noise_model=noise_model))

    return changed


def refuse_noise(request: ExecutionRequest) -> ExecutionRequest:
    if request.options.noise_model is not None:
        raise UnimplementedError("no noise today", reason="DEVICE_NOISE")
    return request


NOISE_FAULTS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("noise that", fault): (named, {"before": with_noise(right, wrong)})
    for fault, named, right, wrong in (
        ("misread bits are turned round", "under readout", "readout:0as1=0.2,1as0=0.05", "readout:0.05,0.2"),
        ("gates on two qubits have no noise", "CX under depolarizing", "1q=0,2q=0.4", "0"),
        ("gates on two qubits lose their noise in damping", "CX under amplitude", "1q=0,2q=0.3", "0"),
        ("gates on one qubit have the noise of two", "X under depolarizing", "1q=0.4,2q=0", "1q=0,2q=0.4"),
        ("damping of amplitudes damps phases", "under amplitude", "amplitude_damping", "phase_damping"),
        ("damping of phases is left out", "under phase", "phase_damping:1q=0.51", "phase_damping:1q=0"),
        ("damping of phases damps amplitudes", "under phase", "phase_damping", "amplitude_damping"),
        ("relaxation has its two times turned round", "under thermal", "t1=100us,t2=40us", "t1=40us,t2=80us"),
        ("relaxation forgets the time of the readout", "under thermal", "readout=20us", "readout=0us"),
    )
} | {("noise that", "noise is taken, and none of it"): ("refuses each", {"before": refuse_noise})}


def calibrated(device_id: str) -> DeviceStatus:
    return DeviceStatus(device_id=device_id, state=DeviceState.ONLINE)


def calibrated_wrongly(device_id: str) -> DeviceStatus:
    raise ZeroDivisionError("in the vendor's code")


def calibrated_never(device_id: str) -> DeviceStatus:
    raise UnimplementedError("no", reason="OTHER")


async def prepared_in_the_loop() -> None:
    time.sleep(0.1)  # noqa: ASYNC251  # the fault


async def prepared_to_the_end() -> None:
    await anyio.sleep(0.6)


async def prepared_wrongly() -> None:
    raise ZeroDivisionError("in the vendor's code")


UPKEEP_FAULTS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("preparing", "preparing blocks the event loop"): ("blocks the event loop", {"prepare": prepared_in_the_loop}),
    ("preparing", "preparing waits for its end"): ("does not return at once", {"prepare": prepared_to_the_end}),
    ("preparing", "preparing fails"): ("ZeroDivisionError", {"prepare": prepared_wrongly}),
    ("a calibration", "calibrating fails"): ("ZeroDivisionError", {"calibrate": calibrated_wrongly}),
    ("a calibration", "calibrating gives nothing"): ("returned a NoneType", {"calibrate": lambda device_id: None}),
    ("a calibration", "another device is calibrated"): (
        "the status of 'sim:auto'",
        {"calibrate": lambda device_id: calibrated("sim:auto")},
    ),
    ("a calibration", "a calibration is no JSON"): (
        "no JSON",
        {"calibrate": lambda device_id: replace(calibrated(device_id), properties={"t1_sec": math.nan})},
    ),
    ("a calibration", "every device is calibrated"): ("did not raise NotFoundError", {"calibrate": calibrated}),
    ("a calibration", "a calibration is refused anyhow"): ("for the reason OTHER", {"calibrate": calibrated_never}),
}


FAULTS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    # (the promise that it breaks, the fault): (what the report must name, how to make it)
    ("one fact", "reversed bits"): ("rightmost character", {"behind": by_bits(lambda bits: bits[::-1])}),
    ("one fact", "leading zeros left out"): (
        "has its place",
        {"behind": by_bits(lambda bits: bits.lstrip("0") or "0")},
    ),
    ("one fact", "a blank between registers"): (
        "is no bitstring",
        {"behind": by_bits(lambda bits: bits.replace("00", "0 ", 1))},
    ),
    ("one fact", "a shot is lost"): ("the counts sum to", {"behind": with_counts(lose_a_shot)}),
    ("one fact", "counts are tilted"): ("chi-square", {"behind": with_counts(tilt)}),
    ("one fact", "conditions are dropped"): ("where its bit is 1", {"before": with_operations(unconditional)}),
    ("one fact", "conditional operations are dropped"): (
        "where its bit is 1",
        {"before": with_operations(without_conditional)},
    ),
    ("one fact", "resets are dropped"): ("a reset qubit is 0", {"before": only("RESET", drop)}),
    ("one fact", "the basis of a measurement is dropped"): ("basis X", {"before": only("MEASURE", without_basis)}),
    ("one fact", "basis Y is read as X"): ("basis Y", {"before": only("MEASURE", y_as_x)}),
    ("one fact", "target and control are mixed up"): ("is its control", {"before": only("CX", swap_qubits)}),
    ("one fact", "an order of qubits is taken for its inverse"): (
        "each qubit is read into its bit",
        {"before": only("MEASURE", inverse_order)},
    ),
    ("one fact", "more than six bits are reversed"): (
        "many bits keep their places",
        {"behind": by_bits(lambda bits: bits[::-1] if len(bits) > 6 else bits)},
    ),
    ("one fact", "a condition has two bits at most"): ("on three bits", {"before": with_operations(shortened)}),
    ("one fact", "a conditional gate turns its qubits round"): (
        "on three bits",
        {"before": with_operations(swap_conditional)},
    ),
    ("one fact", "a reset takes its first qubit only"): (
        "takes all of its qubits",
        {"before": only("RESET", lambda one: one._replace(q=one.q[:1]))},
    ),
    ("one fact", "bits beyond an integer of 64 are lost"): (
        "more bits than",
        {"behind": by_bits(lambda bits: bits[-63:].zfill(len(bits)))},
    ),
    ("several circuits of one call", "the circuits of a call are turned round"): (
        "other counts than by itself",
        {"turns_calls_round": True},
    ),
    ("to all digits", "all bindings have the values of the first"): (
        "a third of Z behind RY.-2",
        {"before": first_binding_for_all},
    ),
    ("to all digits", "values are of single precision"): ("a third of Z", {"behind": in_single_precision}),
    ("every gate", "RZZ turns the other way"): ("the gate rzz", {"before": only("RZZ", flip_sign)}),
    ("every gate", "S and SDG are mixed up"): ("the gate s ", {"before": only("S", rename("SDG"))}),
    ("every gate", "SX is X"): ("the gate sx ", {"before": only("SX", rename("X"))}),
    ("every gate", "RZX acts on its qubits in the other order"): ("the gate rzx", {"before": only("RZX", swap_qubits)}),
    ("every gate", "CCZ is dropped"): ("the gate ccz", {"before": only("CCZ", drop)}),
    ("several bindings", "all bindings but the first are lost"): ("in its place", {"before": first_binding_for_all}),
    ("several bindings", "a portion of a sweep begins anew"): (
        "see first_binding",
        {"before": lambda request: replace(request, first_binding=0)},
    ),
    ("equal seeds", "the seed is ignored"): ("not the job's", {"before": with_seed(lambda seed: 1)}),
    ("equal seeds", "the seed is cut to 32 bits"): ("not the job's", {"before": with_seed(lambda seed: seed % 2**32)}),
    ("equal seeds", "the metadata lack the seed"): ("the metadata lacks seed", {"behind": without_seed}),
    ("equal seeds", "a time is no number"): (
        "took nan s",
        {"behind": lambda result: replace(result, execution_time_sec=math.nan)},
    ),
    ("equal seeds", "a time is negative"): (
        "took -1.0 s",
        {"behind": lambda result: replace(result, execution_time_sec=-1.0)},
    ),
    ("equal seeds", "counts are no integers"): (
        "which is no count",
        {"behind": with_counts(lambda counts: {bits: float(n) for bits, n in counts.items()})},
    ),
    ("equal seeds", "counts are below 1"): (
        "which is no count",
        {"behind": with_counts(lambda counts: {**counts, "0" * 8: 0})},
    ),
    ("equal seeds", "a list in place of a tuple"): ("a list, not a tuple", {"gives_lists": True}),
    ("equal seeds", "the metadata have another seed"): ("say the seed 1", {"behind": with_metadata(seed=1)}),
    ("equal seeds", "the metadata are no JSON"): ("is no JSON", {"behind": with_metadata(versions={"x": object()})}),
    ("loop", "a loop maximises"): ("exact are", {"loop_before": negated}),
    ("loop", "a loop leaves its bounds"): ("out of the bounds", {"loop_before": with_task(bounds=())}),
    ("loop", "a loop takes more evaluations than it may"): ("in the journal", {"loop_before": with_task(max_evals=60)}),
    ("loop", "a loop begins elsewhere"): ("with the same values", {"loop_before": with_task(max_evals=4)}),
    ("loop", "a loop's best is not the one of its journal"): (
        "the outcome",
        {"loop_behind": lambda outcome: replace(outcome, x=outcome.x[::-1])},
    ),
    ("loop", "a loop forgets evaluations"): (
        "39 evaluations, 40 in the journal",
        {"loop_behind": lambda outcome: replace(outcome, nfev=outcome.nfev - 1)},
    ),
    ("loop", "a loop's seed is ignored"): ("has the seed", {"loop_before": with_task(seed=1)}),
    ("loop", "a sampled loop takes exact values"): ("has the seed None", {"loop_before": with_task(is_sampled=False)}),
    ("loop", "a loop forgets its journal"): ("was made again", {"forgets_journals": True}),
    ("loop", "a loop goes on when it is cancelled"): ("grew after the cancel", {"outlives_cancel": True}),
    ("from one to many", "shots beyond 8,192 are made up"): (
        "20000 shots: chi-square",
        {"behind": with_counts(cut_to_8192)},
    ),
    **NOISE_FAULTS,
    **UPKEEP_FAULTS,
    ("noise", "noise is ignored"): ("cannot come|chi-square", {"before": without_noise}),
    ("described", "every device is online"): ("status.. did not raise NotFoundError", {"knows_every_device": True}),
    ("described", "a state vector takes nothing"): (
        "their amplitudes take",
        {"admitted": lambda one: replace(one, method="statevector", memory_bytes=2**20)},
    ),
    ("at once", "the event loop is blocked"): ("blocks the event loop", {"before": block}),
    ("a cancelled request", "a run shields itself from its cancel"): (
        "gave results all the same|after it was cancelled",
        {"shields_itself": True},
    ),
    ("a cancelled request", "a cancelled run goes on to its end"): (
        "after it was cancelled|TimeoutError",
        {"ends_late": True},
    ),
    ("a cancelled request", "a cancelled run makes results up"): (
        "gave results all the same|after it was cancelled",
        {"invents_results": True},
    ),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def right(anyio_backend: str) -> AsyncIterator[SimDriver]:
    async with SimDriver() as opened:
        yield opened


@pytest.mark.parametrize(("promise", "fault"), FAULTS)
async def test_a_fault_is_caught_and_named(right: SimDriver, promise: str, fault: str) -> None:
    named, changes = FAULTS[promise, fault]
    with pytest.raises(AssertionError, match=named):
        await check_driver(FaultyDriver(right, **changes), "sim:local", only=promise)


async def test_the_wrapper_by_itself_has_no_fault_and_everything_is_tried(right: SimDriver) -> None:
    assert await check_driver(FaultyDriver(right), "sim:local") == ()


async def test_a_cancel_that_could_not_be_tried_is_told(right: SimDriver) -> None:
    untried = await check_driver(right, "sim:stim", gates={"h", "x", "cx"}, only="cancelled request")
    assert [one.partition(":")[0] for one in untried] == ["a cancel in the middle of a run"]


async def test_a_driver_that_raises_anything_is_reported_not_raised(right: SimDriver) -> None:
    def broken(request: ExecutionRequest) -> ExecutionRequest:
        raise ZeroDivisionError("in the vendor's code")

    with pytest.raises(AssertionError, match="runs nothing: ZeroDivisionError") as caught:
        await check_driver(FaultyDriver(right, before=broken), "sim:local")
    assert str(caught.value).count("in the vendor's code") == 1


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
