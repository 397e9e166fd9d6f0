"""What every driver must do, as a suite that its author runs: `await check_driver(driver, "vendor:device")`.

Expected distributions come from `eigen.verification`, which shares nothing with any backend. A right driver fails one
comparison of counts in 10⁹, and since seeds are fixed, it fails always or never.

What a device says it cannot do is not asked of it. All faults are reported together.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import anyio

from eigen.contracts.aqo import AQO, Affine, Operation, PauliTerm, profile
from eigen.contracts.devices import CircuitFormat
from eigen.contracts.errors import EigenError, InvalidArgumentError, NotFoundError
from eigen.contracts.execution import ExecutionOptions
from eigen.contracts.gates import GATES, MEASURE
from eigen.ports.drivers import Driver
from eigen.testing.cancel_conformance import check_cancel
from eigen.testing.conformance_circuits import (
    CIRCUITS,
    OBSERVABLES,
    CircuitCase,
    gate_cases,
    product_value,
    random_cases,
)
from eigen.testing.driver_subject import (
    LONGEST_STANDSTILL_SEC,
    SHOTS,
    DriverSubject,
    assert_distribution,
    execution_request,
    with_standstill,
)
from eigen.testing.expectations import expect
from eigen.testing.loop_conformance import LOOP_CIRCUIT, LoopSubject
from eigen.testing.noise_conformance import check_noise
from eigen.testing.upkeep_conformance import check_calibrate, check_prepare
from eigen.verification.exact_distribution import exact_distribution

__all__ = ["assert_distribution", "check_driver", "execution_request"]

_SHOTS_OF_FACTS = 512
_RUN_LIMIT_SEC = 60.0
_QUBITS_WITHOUT_CHANCE = 4
_LEAST_BYTES_OF_AN_AMPLITUDE = 8


_TURNED = {"turned": (PauliTerm("Z", (0,), 1 / 3),)}


async def check_driver(
    driver: Driver,
    device_id: str,
    *,
    gates: Collection[str] | None = None,
    driver_options: Mapping[str, Any] | None = None,
    only: str = "",
) -> tuple[str, ...]:
    """Check an open driver against everything that the port promises.

    Args:
        driver: The driver, inside its `async with`.
        device_id: The device to check.
        gates: Gates to use, where the driver options allow fewer than the device.
        driver_options: Options of every run.
        only: Check only promises whose text has this in it, while one of them is worked on.

    Returns:
        What could not be tried on this device, one line each.

    Raises:
        AssertionError: With one line for each broken promise; one line alone where nothing runs at all.
    """
    device = next((one for one in driver.devices() if one.device_id == device_id), None)
    if device is None:
        raise AssertionError(f"devices() does not list {device_id}")
    usable = frozenset(device.gates if gates is None else gates)
    subject = DriverSubject(driver, device, usable, dict(driver_options or {}))
    await _check_runs(subject)
    faults: list[str] = []
    for promise, check in _CHECKS:
        try:
            with anyio.fail_after(_RUN_LIMIT_SEC):
                if only in promise:
                    await check(subject)
        except Exception as error:  # noqa: BLE001  # a stranger's driver may raise anything; all faults are told
            faults.append(f"{promise}: {type(error).__name__}: {error}")
    expect(not faults, f"{device_id} breaks {len(faults)} promises:\n" + "\n".join(faults))
    return tuple(subject.untried)


async def _check_runs(subject: DriverSubject) -> None:
    """Run the smallest circuit; where not even that runs, every check would say the same."""
    measured = AQO(qubits=1, clbits=1, operations=(Operation(MEASURE, (0,), c=(0,)),))
    try:
        with anyio.fail_after(_RUN_LIMIT_SEC):
            await subject.driver.execute(subject.request(measured, shots=1))
    except Exception as error:
        story = f"{subject.device.device_id} runs nothing: {type(error).__name__}: {error}"
        raise AssertionError(story) from error


def _rotated(angles: int = 1) -> AQO:
    angle = Affine((("theta", 1.0),))
    turns = tuple(Operation("RY", (0,), (angle,)) for _ in range(angles))
    return AQO(qubits=1, clbits=1, parameters=("theta",), operations=(*turns, Operation(MEASURE, (0,), c=(0,))))


async def _check_description(subject: DriverSubject) -> None:
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
    unknown = f"{device.driver}:no-such-device"
    await _assert_raises(NotFoundError, subject.driver.status(unknown), "status()", "there is no such device")
    _check_memory(subject)


def _check_memory(subject: DriverSubject) -> None:
    """Hold the memory of the widest circuit against that of its amplitudes, where the method says that it has them."""
    needs = profile(subject.coins(most=subject.device.num_qubits))
    options = ExecutionOptions(shots=1, seed=1, driver_options=subject.driver_options)
    try:
        admission = subject.driver.admit(subject.device.device_id, needs, options)
    except EigenError:
        return
    least_bytes = _LEAST_BYTES_OF_AN_AMPLITUDE << needs.qubits
    is_told = "statevector" in admission.method.replace("_", "").replace(" ", "").lower()
    expect(
        not is_told or admission.memory_bytes >= least_bytes,
        f"{needs.qubits} qubits are admitted with {admission.memory_bytes} bytes; their amplitudes take {least_bytes}",
    )


async def _check_circuits(subject: DriverSubject) -> None:
    cases = [case for case in CIRCUITS if subject.can_run(case.circuit)]
    await _check_cases(subject, cases, shots=_SHOTS_OF_FACTS)


async def _check_gates(subject: DriverSubject) -> None:
    await _check_cases(subject, [case for case in gate_cases(subject.gates) if subject.can_run(case.circuit)])


async def _check_random(subject: DriverSubject) -> None:
    num_qubits = min(4, subject.device.num_qubits)
    cases = random_cases(subject.gates, num_cases=12, num_qubits=num_qubits, depth=30)
    await _check_cases(subject, [case for case in cases if subject.can_run(case.circuit)])


async def _check_cases(subject: DriverSubject, cases: Sequence[CircuitCase], *, shots: int = SHOTS) -> None:
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


async def _check_shots(subject: DriverSubject) -> None:
    coins = subject.coins()
    for asked in (1, 2, 1_000, 20_000):
        shots = min(asked, subject.device.max_shots)
        assert_distribution(
            await subject.counts(coins, shots=shots), exact_distribution(coins), story=f"coins, {shots} shots"
        )


async def _check_bindings(subject: DriverSubject) -> None:
    if "ry" not in subject.gates:
        return
    bindings = [{"theta": theta} for theta in (0.0, math.pi, 0.4, 0.4, -2.0)]
    results = await subject.run(_rotated(), bindings=bindings)
    for binding, result in zip(bindings, results, strict=True):
        expected = exact_distribution(_rotated(), binding)
        assert_distribution(result.counts, expected, story=f"the binding {binding} in its place")
    await _check_names(subject)
    alone = await subject.run(_rotated(), bindings=bindings[:1])
    expect(alone[0].counts == results[0].counts, "the first binding gives other counts when it is alone")
    twins = await subject.run(subject.coins(), bindings=({}, {}, {}))
    expect(
        any(twin.counts != twins[0].counts for twin in twins),
        "equal bindings of one request gave equal counts: they were drawn with the same seed",
    )
    later = await subject.run(subject.coins(), bindings=({},), first_binding=2)
    expect(
        later[0].counts == twins[2].counts, "a portion of a sweep has other counts than the sweep: see first_binding"
    )


async def _check_names(subject: DriverSubject) -> None:
    """Give values in another order than that in which the circuit names its parameters."""
    turns = tuple(Operation("RY", (k,), (Affine(((name, 1.0),)),)) for k, name in enumerate(("b", "a")))
    last = Operation(MEASURE, (0, 1), c=(0, 1))
    circuit = AQO(qubits=2, clbits=2, parameters=("b", "a"), operations=(*turns, last))
    if subject.can_run(circuit):
        binding = {"a": math.pi, "b": 0.4}
        counts = await subject.counts(circuit, bindings=(binding,))
        assert_distribution(counts, exact_distribution(circuit, binding), story="values go by name, not by place")


async def _check_many(subject: DriverSubject) -> None:
    """Hold several circuits of one call, each with seed, shots and bindings of its own, against each by itself."""
    coins = subject.coins()
    requests = [subject.request(coins, seed=11, shots=100), subject.request(subject.coins(2), seed=12, shots=200)]
    if "ry" in subject.gates:
        requests.append(subject.request(_rotated(), seed=13, bindings=({"theta": 0.4}, {"theta": -2.0})))
    together = await subject.driver.execute_many(requests)
    expect(len(together) == len(requests), f"results of {len(together)} circuits for {len(requests)}")
    for place, (request, results) in enumerate(zip(requests, together, strict=True)):
        alone = await subject.driver.execute(request)
        expect(
            [one.counts for one in results] == [one.counts for one in alone],
            f"the circuit {place} of one call has other counts than by itself",
        )


async def _check_seeds(subject: DriverSubject) -> None:
    coins = subject.coins()
    first = await subject.counts(coins, seed=11)
    expect(first == await subject.counts(coins, seed=11), "seed 11 gave other counts the second time")
    others = [await subject.counts(coins, seed=seed) for seed in (12, 2**31, 2**32 + 11, 2**53 - 1)]
    needed = all if coins.qubits >= _QUBITS_WITHOUT_CHANCE else any
    expect(needed(other != first for other in others), "another seed gave the counts of seed 11")


async def _check_concurrent(subject: DriverSubject) -> None:
    alone, standstills_sec = [], []
    for seed in range(6):
        counts, standstill_sec = await with_standstill(subject.counts(subject.coins(), seed=seed))
        alone.append(counts)
        standstills_sec.append(standstill_sec)
    shortest_sec = min(standstills_sec)  # a busy machine may stall any of them, but hardly all
    expect(shortest_sec < LONGEST_STANDSTILL_SEC, f"each request blocks the event loop, for {shortest_sec:.3f} s")
    together: dict[int, Mapping[str, int]] = {}

    async def run(seed: int) -> None:
        together[seed] = await subject.counts(subject.coins(), seed=seed)

    async with anyio.create_task_group() as tasks:
        for seed in range(6):
            tasks.start_soon(run, seed)
    expect([together[seed] for seed in range(6)] == alone, "a request gave other counts beside others than alone")


async def _check_expectation_values(subject: DriverSubject) -> None:
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


async def _check_values_of_bindings(subject: DriverSubject) -> None:
    """Hold the exact values of several bindings against cosines, which no rounding to fewer digits survives."""
    circuit = replace(_rotated(), clbits=0, operations=_rotated().operations[:1], observables=_TURNED)
    if not subject.can_run(circuit):
        return
    angles = (0.4, -2.0, 1.1234567)
    made = subject.request(circuit, bindings=tuple({"theta": angle} for angle in angles))
    for angle, result in zip(angles, await subject.driver.execute(made), strict=True):
        value, expected = result.expectation_values["turned"][0], math.cos(angle) / 3
        expect(abs(value - expected) < 1e-9, f"a third of Z behind RY({angle}) is {value}, not {expected}")


async def _check_errors(subject: DriverSubject) -> None:
    coins = execution_request(subject.device.device_id, subject.coins())
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
    await _assert_raises(
        InvalidArgumentError, subject.run(doubled, bindings=(overflow,)), "execute()", "an angle is not finite"
    )
    await _assert_raises(
        InvalidArgumentError, subject.run(_rotated(), bindings=({},)), "execute()", "a parameter has no value"
    )


def _assert_raises_at_once(kind: type[EigenError], call: Callable[[], object]) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"admit() did not raise {kind.__name__}")


async def _assert_raises(kind: type[EigenError], work: Awaitable[object], call: str, when: str) -> None:
    try:
        await work
    except kind:
        return
    raise AssertionError(f"{call} did not raise {kind.__name__} when {when}")


def _loop_check(check: Callable[[LoopSubject], Awaitable[None]]) -> Callable[[DriverSubject], Awaitable[None]]:
    """Return a check of loops, which is left out where the device runs none."""

    async def checked(subject: DriverSubject) -> None:
        loops = LoopSubject(subject.driver, subject.device, subject.driver_options)
        if subject.can_run(LOOP_CIRCUIT) and loops.runs_loops:
            await check(loops)

    return checked


_CHECKS: tuple[tuple[str, Callable[[DriverSubject], Awaitable[None]]], ...] = (
    ("a device is described by its own driver, and its state can be asked", _check_description),
    ("circuits of one fact each give their exact distributions", _check_circuits),
    ("every gate is the gate table's", _check_gates),
    ("random circuits give their exact distributions", _check_random),
    ("counts sum to the shots that were asked for, from one to many", _check_shots),
    ("several bindings give one result each, in their order, whatever came before", _check_bindings),
    ("several circuits of one call give what each gives by itself, in their order", _check_many),
    ("equal seeds give equal counts, other seeds other counts", _check_seeds),
    ("requests that run at once do not mix, and leave the event loop to others", _check_concurrent),
    ("noise that is asked for acts, each channel as it is described", check_noise),
    ("preparing returns at once", check_prepare),
    ("a calibration is renewed, or there is none", check_calibrate),
    ("expectation values are those of the state before the last measurements", _check_expectation_values),
    ("each binding has its own expectation values, to all digits", _check_values_of_bindings),
    ("what cannot be run is refused with the port's errors", _check_errors),
    ("a cancelled request ends soon and gives nothing, and the next one runs", check_cancel),
    ("a loop's values are exact, and lead where they lead its optimizer", _loop_check(LoopSubject.check_values)),
    ("a loop's best value is what is executed at its point", _loop_check(LoopSubject.check_executed)),
    ("sampled values of a loop have their errors and seeds, and come again", _loop_check(LoopSubject.check_sampled)),
    ("a loop goes on where its journal ends, and ends alike", _loop_check(LoopSubject.check_resumed)),
    ("a cancelled loop ends soon, and leaves its journal alone", _loop_check(LoopSubject.check_cancelled)),
)
