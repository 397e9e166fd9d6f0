"""What every driver must do, as a suite that its author runs: `await check_driver(driver, "vendor:device")`.

Expected distributions come from `eigen.verification`, which shares nothing with any backend. A right driver fails one
comparison of counts in 10⁹, and since seeds are fixed, it fails always or never.

What a device says it cannot do is not asked of it. All faults are reported together.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import anyio

from eigen.contracts.aqo import AQO, Affine, Operation, profile
from eigen.contracts.aqo_json import encode
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import DeviceInfo
from eigen.contracts.errors import EigenError, InvalidArgumentError, NotFoundError
from eigen.contracts.execution import (
    CircuitFormat,
    CircuitPayload,
    ExecutionOptions,
    ExecutionRequest,
    ExecutionResult,
)
from eigen.contracts.gates import GATES, MEASURE
from eigen.drivers.capability import check_capabilities
from eigen.ports.drivers import Driver
from eigen.testing.conformance_circuits import (
    CIRCUITS,
    OBSERVABLES,
    CircuitCase,
    gate_cases,
    product_value,
    random_cases,
)
from eigen.testing.expectations import expect
from eigen.testing.loop_conformance import LOOP_CIRCUIT, LoopSubject
from eigen.verification.comparison import compared
from eigen.verification.exact_distribution import exact_distribution

__all__ = ["assert_distribution", "check_driver", "execution_request"]

_SHOTS = 2_048
_SHOTS_OF_FACTS = 512
_LEAST_CHANCE = 1e-9
_RUN_LIMIT_SEC = 60.0
_CANCEL_AFTER_SEC = 0.3
_CANCEL_LIMIT_SEC = 5.0
_HEAVY_QUBITS = 24
_QUBITS_WITHOUT_CHANCE = 4
_REQUIRED_METADATA = ("backend", "method", "seed", "versions")


async def check_driver(
    driver: Driver,
    device_id: str,
    *,
    gates: Collection[str] | None = None,
    driver_options: Mapping[str, Any] | None = None,
) -> None:
    """Check an open driver against everything that the port promises.

    Args:
        driver: The driver, inside its `async with`.
        device_id: The device to check.
        gates: Gates to use, where the driver options allow fewer than the device.
        driver_options: Options of every run.

    Raises:
        AssertionError: With one line for each broken promise.
    """
    device = next((one for one in driver.devices() if one.device_id == device_id), None)
    if device is None:
        raise AssertionError(f"devices() does not list {device_id}")
    subject = _Subject(driver, device, frozenset(device.gates if gates is None else gates), dict(driver_options or {}))
    faults: list[str] = []
    for promise, check in _CHECKS:
        try:
            with anyio.fail_after(_RUN_LIMIT_SEC):
                await check(subject)
        except Exception as error:  # noqa: BLE001  # a stranger's driver may raise anything; all faults are told
            faults.append(f"{promise}: {type(error).__name__}: {error}")
    expect(not faults, f"{device_id} breaks {len(faults)} promises:\n" + "\n".join(faults))


def execution_request(
    device_id: str,
    circuit: AQO,
    *,
    shots: int = _SHOTS,
    seed: int = 7,
    bindings: Sequence[Mapping[str, float]] = ({},),
    driver_options: Mapping[str, Any] | None = None,
) -> ExecutionRequest:
    """Return a request to run a circuit."""
    content = encode(circuit)
    payload = CircuitPayload(
        format=CircuitFormat.AQO_JSON, data=content, digest=sha256_hex(content), profile=profile(circuit)
    )
    options = ExecutionOptions(shots=shots, seed=seed, driver_options=dict(driver_options or {}))
    return ExecutionRequest(
        job_id="job_conformance", device_id=device_id, payload=payload, bindings=tuple(bindings), options=options
    )


def assert_distribution(counts: Mapping[str, int], expected: Mapping[str, float], *, story: str) -> None:
    """Check that counts were drawn from a distribution.

    Args:
        counts: How often each bitstring came.
        expected: Probability of each bitstring.
        story: What is checked, the beginning of the message.

    Raises:
        AssertionError: A bitstring came that cannot come, or the chance of such counts is below 10⁻⁹.
    """
    found = compared(counts, expected)
    for bits in found.impossible:
        raise AssertionError(f"{story}: {bits!r} cannot come, but came {counts[bits]} times of {sum(counts.values())}")
    figures = f"chi-square {found.chi_square:.1f} with {found.degrees_of_freedom} degrees of freedom"
    rare = f"{found.rare} rare outcomes for {found.rare_expected:.1f} expected"
    chance = f"the chance of that is {found.p_value:.1g}"
    expect(found.p_value >= _LEAST_CHANCE, f"{story}: {figures}, {rare}: {chance}; got {dict(counts)}")


@dataclass(frozen=True, slots=True)
class _Subject:
    driver: Driver
    device: DeviceInfo
    gates: frozenset[str]
    driver_options: dict[str, Any] = field(default_factory=dict)

    def can_run(self, circuit: AQO) -> bool:
        """Whether the device claims to be able to."""
        claimed = replace(self.device, gates=tuple(self.gates), max_qubits=None)
        try:
            check_capabilities(claimed, profile(circuit), ExecutionOptions(shots=1, seed=1))
        except EigenError:
            return False
        return True

    async def run(self, circuit: AQO, **request: Any) -> tuple[ExecutionResult, ...]:
        """Run a circuit, with what every result must be checked."""
        made = execution_request(self.device.device_id, circuit, driver_options=self.driver_options, **request)
        results = await self.driver.execute(made)
        expect(len(results) == len(made.bindings), f"{len(results)} results for {len(made.bindings)} bindings")
        for result in results:
            _check_shape(result, circuit, made.options.shots)
        return results

    async def counts(self, circuit: AQO, **request: Any) -> Mapping[str, int]:
        """Run a circuit once."""
        return (await self.run(circuit, **request))[0].counts

    async def check_case(self, case: CircuitCase, *, shots: int) -> None:
        """Run a case and compare with its exact distribution."""
        try:
            counts = await self.counts(case.circuit, bindings=(case.binding,), shots=shots)
            assert_distribution(counts, exact_distribution(case.circuit, case.binding), story="its counts")
        except (AssertionError, EigenError) as error:
            raise AssertionError(f"{case.shows}: {error}") from error


def _check_shape(result: ExecutionResult, circuit: AQO, shots: int) -> None:
    total = sum(result.counts.values())
    expect(total == shots, f"the counts sum to {total} for {shots} shots")
    for bits in result.counts:
        expect(len(bits) == circuit.clbits, f"{bits!r} for {circuit.clbits} classical bits")
        expect(set(bits) <= {"0", "1"}, f"{bits!r} is no bitstring")
    missing = [name for name in _REQUIRED_METADATA if name not in result.metadata]
    expect(not missing, f"the metadata lacks {', '.join(missing)}")


def _coins(subject: _Subject, most: int = 8) -> AQO:
    """Return a circuit whose every qubit is a fair coin."""
    qubits = tuple(range(min(most, subject.device.num_qubits)))
    tosses = tuple(Operation("H", (qubit,)) for qubit in qubits)
    return AQO(qubits=len(qubits), clbits=len(qubits), operations=(*tosses, Operation(MEASURE, qubits, c=qubits)))


def _rotated(angles: int = 1) -> AQO:
    angle = Affine((("theta", 1.0),))
    turns = tuple(Operation("RY", (0,), (angle,)) for _ in range(angles))
    return AQO(qubits=1, clbits=1, parameters=("theta",), operations=(*turns, Operation(MEASURE, (0,), c=(0,))))


async def _check_description(subject: _Subject) -> None:
    device = subject.device
    expect(device.driver == subject.driver.name, f"driver is {device.driver!r}, not {subject.driver.name!r}")
    expect(device.device_id.startswith(f"{device.driver}:"), "the device id does not begin with the driver's name")
    expect(not set(device.gates) - GATES.keys(), f"unknown gates {sorted(set(device.gates) - GATES.keys())}")
    figures = (device.num_qubits, device.max_shots, device.slots, device.max_batch)
    expect(min(figures) >= 1, "qubits, shots, slots or batch below 1")
    pairs = device.connectivity or ()
    expect(all(0 <= low < high < device.num_qubits for low, high in pairs), "the connectivity has wrong pairs")
    expect(CircuitFormat.AQO_JSON in device.formats, f"it does not take AQO but {device.formats}")
    status = await subject.driver.status(device.device_id)
    expect(status.device_id == device.device_id, f"the status is of {status.device_id!r}")


async def _check_circuits(subject: _Subject) -> None:
    cases = [case for case in CIRCUITS if subject.can_run(case.circuit)]
    await _check_cases(subject, cases, shots=_SHOTS_OF_FACTS)


async def _check_gates(subject: _Subject) -> None:
    await _check_cases(subject, [case for case in gate_cases(subject.gates) if subject.can_run(case.circuit)])


async def _check_random(subject: _Subject) -> None:
    num_qubits = min(4, subject.device.num_qubits)
    cases = random_cases(subject.gates, num_cases=12, num_qubits=num_qubits, depth=30)
    await _check_cases(subject, [case for case in cases if subject.can_run(case.circuit)])


async def _check_cases(subject: _Subject, cases: Sequence[CircuitCase], *, shots: int = _SHOTS) -> None:
    faults: dict[int, str] = {}
    slots = anyio.CapacityLimiter(subject.device.slots)

    async def check(index: int, case: CircuitCase) -> None:
        async with slots:
            try:
                await subject.check_case(case, shots=shots)
            except AssertionError as error:
                faults[index] = str(error)

    async with anyio.create_task_group() as tasks:
        for index, case in enumerate(cases):
            tasks.start_soon(check, index, case)
    expect(not faults, "; ".join(faults[index] for index in sorted(faults)))


async def _check_shots(subject: _Subject) -> None:
    for shots in (1, 2, 1_000, 4_097):
        await subject.run(_coins(subject), shots=min(shots, subject.device.max_shots))


async def _check_bindings(subject: _Subject) -> None:
    if "ry" not in subject.gates:
        return
    bindings = [{"theta": theta} for theta in (0.0, math.pi, 0.4, 0.4, -2.0)]
    results = await subject.run(_rotated(), bindings=bindings)
    for binding, result in zip(bindings, results, strict=True):
        expected = exact_distribution(_rotated(), binding)
        assert_distribution(result.counts, expected, story=f"the binding {binding} in its place")
    alone = await subject.run(_rotated(), bindings=bindings[:1])
    expect(alone[0].counts == results[0].counts, "the first binding gives other counts when it is alone")
    twins = await subject.run(_coins(subject), bindings=({}, {}, {}))
    expect(
        any(twin.counts != twins[0].counts for twin in twins),
        "equal bindings of one request gave equal counts: they were drawn with the same seed",
    )


async def _check_seeds(subject: _Subject) -> None:
    coins = _coins(subject)
    first = await subject.counts(coins, seed=11)
    expect(first == await subject.counts(coins, seed=11), "seed 11 gave other counts the second time")
    others = [await subject.counts(coins, seed=seed) for seed in (12, 2**31, 2**32 + 11, 2**53 - 1)]
    needed = all if coins.qubits >= _QUBITS_WITHOUT_CHANCE else any
    expect(needed(other != first for other in others), "another seed gave the counts of seed 11")


async def _check_concurrent(subject: _Subject) -> None:
    alone = [await subject.counts(_coins(subject), seed=seed) for seed in range(6)]
    together: dict[int, Mapping[str, int]] = {}

    async def run(seed: int) -> None:
        together[seed] = await subject.counts(_coins(subject), seed=seed)

    async with anyio.create_task_group() as tasks:
        for seed in range(6):
            tasks.start_soon(run, seed)
    expect([together[seed] for seed in range(6)] == alone, "a request gave other counts beside others than alone")


async def _check_expectation_values(subject: _Subject) -> None:
    entangled = (("H", (0,)), ("S", (0,)), ("CX", (0, 2)), ("H", (1,)), ("CX", (2, 1)), ("S", (1,)))
    state = AQO(qubits=3, clbits=0, operations=tuple(Operation(op, qubits) for op, qubits in entangled))
    if not subject.can_run(replace(state, observables=OBSERVABLES)):
        return
    for measured in (False, True):
        last = (Operation(MEASURE, (1, 2), c=(0, 1), basis="X"),) if measured else ()
        circuit = replace(state, clbits=2 * measured, operations=(*state.operations, *last), observables=OBSERVABLES)
        made = execution_request(subject.device.device_id, circuit, shots=64, driver_options=subject.driver_options)
        (result,) = await subject.driver.execute(made)
        expect(sum(result.counts.values()) == 64 * measured, f"the counts are {dict(result.counts)}")
        expect(result.expectation_values.keys() == OBSERVABLES.keys(), "other observables came than were asked for")
        for name, terms in OBSERVABLES.items():
            expected = math.fsum(one.coefficient * product_value(state, one) for one in terms)
            value, std_error = result.expectation_values[name]
            expect(abs(value - expected) < 1e-9 and std_error == 0, f"{name} is {value} ± {std_error}, not {expected}")


async def _check_errors(subject: _Subject) -> None:
    coins = execution_request(subject.device.device_id, _coins(subject))
    unknown = f"{subject.device.driver}:no-such-device"
    _assert_raises_at_once(NotFoundError, lambda: subject.driver.admit(unknown, coins.payload.profile, coins.options))
    odd = ExecutionOptions(shots=1, seed=1, driver_options={"no-such-option": 1})
    _assert_raises_at_once(
        InvalidArgumentError, lambda: subject.driver.admit(coins.device_id, coins.payload.profile, odd)
    )
    if "ry" not in subject.gates:
        return
    overflow = {"theta": 1.7e308}
    doubled = AQO(
        qubits=1,
        clbits=1,
        parameters=("theta",),
        operations=(Operation("RY", (0,), (Affine((("theta", 2.0),)),)), Operation(MEASURE, (0,), c=(0,))),
    )
    await _assert_raises(InvalidArgumentError, subject.run(doubled, bindings=(overflow,)), "an angle is not finite")
    await _assert_raises(InvalidArgumentError, subject.run(_rotated(), bindings=({},)), "a parameter has no value")


def _assert_raises_at_once(kind: type[EigenError], call: Callable[[], object]) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"admit() did not raise {kind.__name__}")


async def _assert_raises(kind: type[EigenError], work: Awaitable[object], when: str) -> None:
    try:
        await work
    except kind:
        return
    raise AssertionError(f"execute() did not raise {kind.__name__} when {when}")


async def _check_cancel(subject: _Subject) -> None:
    started = anyio.current_time()
    with anyio.move_on_after(_CANCEL_AFTER_SEC):
        await subject.run(_heavy(subject), shots=100)
    late_sec = anyio.current_time() - started - _CANCEL_AFTER_SEC
    expect(late_sec < _CANCEL_LIMIT_SEC, f"it ended {late_sec:.1f} s after it was cancelled")
    await subject.run(_coins(subject))


def _loop_check(check: Callable[[LoopSubject], Awaitable[None]]) -> Callable[[_Subject], Awaitable[None]]:
    """Return a check of loops, which is left out where the device runs none."""

    async def checked(subject: _Subject) -> None:
        loops = LoopSubject(subject.driver, subject.device, subject.driver_options)
        if subject.can_run(LOOP_CIRCUIT) and loops.runs_loops:
            await check(loops)

    return checked


def _heavy(subject: _Subject) -> AQO:
    """Return the largest circuit that the driver admits, up to seconds of work for a simulator."""
    qubits = min(_HEAVY_QUBITS, subject.device.num_qubits)
    while not _is_admitted(subject, circuit := _layers(qubits)) and qubits > 1:
        qubits -= 1
    return circuit


def _layers(num_qubits: int) -> AQO:
    qubits = tuple(range(num_qubits))
    layers = tuple(Operation("H", (qubit,)) for _ in range(40) for qubit in qubits)
    return AQO(qubits=num_qubits, clbits=num_qubits, operations=(*layers, Operation(MEASURE, qubits, c=qubits)))


def _is_admitted(subject: _Subject, circuit: AQO) -> bool:
    options = ExecutionOptions(shots=100, seed=1, driver_options=subject.driver_options)
    try:
        subject.driver.admit(subject.device.device_id, profile(circuit), options)
    except EigenError:
        return False
    return True


_CHECKS: tuple[tuple[str, Callable[[_Subject], Awaitable[None]]], ...] = (
    ("a device is described by its own driver, and its state can be asked", _check_description),
    ("circuits of one fact each give their exact distributions", _check_circuits),
    ("every gate is the gate table's", _check_gates),
    ("random circuits give their exact distributions", _check_random),
    ("counts sum to the shots that were asked for, from one to many", _check_shots),
    ("several bindings give one result each, in their order, whatever came before", _check_bindings),
    ("equal seeds give equal counts, other seeds other counts", _check_seeds),
    ("requests that run at once do not mix, and give what they give alone", _check_concurrent),
    ("expectation values are those of the state before the last measurements", _check_expectation_values),
    ("what cannot be run is refused with the port's errors", _check_errors),
    ("a cancelled request ends soon, and the next one runs", _check_cancel),
    ("a loop's values are exact, and lead where they lead its optimizer", _loop_check(LoopSubject.check_values)),
    ("a loop's best value is what is executed at its point", _loop_check(LoopSubject.check_executed)),
    ("sampled values of a loop have their errors and seeds, and come again", _loop_check(LoopSubject.check_sampled)),
    ("a loop goes on where its journal ends, and ends alike", _loop_check(LoopSubject.check_resumed)),
    ("a cancelled loop ends soon, and leaves its journal alone", _loop_check(LoopSubject.check_cancelled)),
)
