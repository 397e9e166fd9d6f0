"""A device under test: its requests, what every result of it must be, and whether the event loop stood still meanwhile.

Nothing here knows what a check is about; `driver_conformance` and `cancel_conformance` do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import anyio

from eigen.contracts.aqo import AQO, Operation, profile
from eigen.contracts.aqo_json import encode
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import DeviceInfo
from eigen.contracts.errors import EigenError
from eigen.contracts.execution import (
    CircuitFormat,
    CircuitPayload,
    ExecutionOptions,
    ExecutionRequest,
    ExecutionResult,
)
from eigen.contracts.gates import MEASURE
from eigen.drivers.capability import check_capabilities
from eigen.ports.drivers import Driver
from eigen.testing.conformance_circuits import CircuitCase
from eigen.testing.expectations import expect
from eigen.verification.comparison import compared
from eigen.verification.exact_distribution import exact_distribution

__all__ = [
    "LONGEST_STANDSTILL_SEC",
    "SHOTS",
    "DriverSubject",
    "assert_distribution",
    "execution_request",
    "with_standstill",
]

T = TypeVar("T")

SHOTS = 2_048
"""Shots of a comparison of counts, where nothing else is said."""

LONGEST_STANDSTILL_SEC = 0.04
"""How long a driver may keep the event loop to itself."""

_LEAST_CHANCE = 1e-9
_REQUIRED_METADATA = ("backend", "method", "seed", "versions")
_TICK_SEC = 0.002


def execution_request(
    device_id: str,
    circuit: AQO,
    *,
    shots: int = SHOTS,
    seed: int = 7,
    bindings: Sequence[Mapping[str, float]] = ({},),
    first_binding: int = 0,
    noise_model: str | None = None,
    driver_options: Mapping[str, Any] | None = None,
) -> ExecutionRequest:
    """Return a request to run a circuit."""
    content = encode(circuit)
    payload = CircuitPayload(
        format=CircuitFormat.AQO_JSON, data=content, digest=sha256_hex(content), profile=profile(circuit)
    )
    return ExecutionRequest(
        job_id="job_conformance",
        device_id=device_id,
        payload=payload,
        bindings=tuple(bindings),
        first_binding=first_binding,
        options=ExecutionOptions(
            shots=shots, seed=seed, noise_model=noise_model, driver_options=dict(driver_options or {})
        ),
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
class DriverSubject:
    """A device whose driver is checked.

    Attributes:
        driver: Its driver, open.
        device: What it says of itself.
        gates: Gates to use.
        driver_options: Options of every run.
        untried: What could not be tried on it, one line each; checks append to it.
    """

    driver: Driver
    device: DeviceInfo
    gates: frozenset[str]
    driver_options: dict[str, Any] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)

    def can_run(self, circuit: AQO) -> bool:
        """Return whether the device claims to be able to."""
        claimed = replace(self.device, gates=tuple(self.gates), max_qubits=None)
        try:
            check_capabilities(claimed, profile(circuit), ExecutionOptions(shots=1, seed=1))
        except EigenError:
            return False
        return True

    def coins(self, most: int = 8) -> AQO:
        """Return a circuit whose every qubit is a fair coin."""
        qubits = tuple(range(min(most, self.device.num_qubits)))
        tosses = tuple(Operation("H", (qubit,)) for qubit in qubits)
        return AQO(qubits=len(qubits), clbits=len(qubits), operations=(*tosses, Operation(MEASURE, qubits, c=qubits)))

    def request(self, circuit: AQO, **request: Any) -> ExecutionRequest:
        """Return a request to this device; arguments as `execution_request`."""
        return execution_request(self.device.device_id, circuit, driver_options=self.driver_options, **request)

    async def run(self, circuit: AQO, **request: Any) -> tuple[ExecutionResult, ...]:
        """Run a circuit, with what every result must be checked."""
        return await self.checked(self.request(circuit, **request), num_bits=circuit.clbits)

    async def checked(self, request: ExecutionRequest, *, num_bits: int) -> tuple[ExecutionResult, ...]:
        """Execute a request of a circuit with so many classical bits; what every result must be is checked."""
        results = await self.driver.execute(request)
        expect(isinstance(results, tuple), f"execute() returned a {type(results).__name__}, not a tuple")
        expect(len(results) == len(request.bindings), f"{len(results)} results for {len(request.bindings)} bindings")
        for result in results:
            _check_counts(result.counts, num_bits=num_bits, shots=request.options.shots)
            _check_facts(result)
        seeds = [result.metadata["seed"] for result in results]
        if request.first_binding == 0:
            asked = request.options.seed
            expect(
                seeds[0] == asked, f"the metadata say the seed {seeds[0]!r} of the first binding, not the job's {asked}"
            )
        expect(len(set(seeds)) == len(seeds), f"the metadata say the seeds {seeds}: two bindings share one")
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


def _check_counts(counts: Mapping[str, int], *, num_bits: int, shots: int) -> None:
    for bits, count in counts.items():
        expect(type(count) is int and count > 0, f"{bits!r} came {count!r} times, which is no count")
        expect(len(bits) == num_bits, f"{bits!r} for {num_bits} classical bits")
        expect(set(bits) <= {"0", "1"}, f"{bits!r} is no bitstring")
    total = sum(counts.values())
    expect(total == shots, f"the counts sum to {total} for {shots} shots")


def _check_facts(result: ExecutionResult) -> None:
    took = result.execution_time_sec
    expect(math.isfinite(took) and took >= 0, f"it says that it took {took} s")
    missing = [name for name in _REQUIRED_METADATA if name not in result.metadata]
    expect(not missing, f"the metadata lacks {', '.join(missing)}")
    try:
        json.dumps(dict(result.metadata), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the metadata is no JSON: {error}") from error


async def with_standstill(work: Awaitable[T]) -> tuple[T, float]:
    """Await something; return what it gives, and the longest time in seconds that nobody else came to a turn."""
    longest_sec = 0.0
    last = anyio.current_time()

    def look() -> None:
        nonlocal longest_sec, last
        now = anyio.current_time()
        longest_sec, last = max(longest_sec, now - last - _TICK_SEC), now

    async def tick() -> None:
        while True:
            await anyio.sleep(_TICK_SEC)
            look()

    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        try:
            result = await work
        except Exception as error:  # noqa: BLE001  # raised below, out of the group
            failure = error
        look()
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return result, longest_sec
