"""What a driver that runs loops must do: the checks of `minimize`, for `check_driver`.

The values are held against those of the exact distribution, the course against the same optimizer on these values, and
the journal against its rules: it is believed, gone on with, and left alone after a cancel. Asked only where the device
says that it runs loops (`Driver.runs_loops`).
"""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import anyio
import numpy as np
from anyio.to_thread import run_sync
from numpy.typing import NDArray

from eigen.contracts.aqo import AQO, Affine, Operation, PauliTerm, profile
from eigen.contracts.aqo_json import encode
from eigen.contracts.canonical import sha256_hex
from eigen.contracts.devices import DeviceInfo
from eigen.contracts.execution import CircuitFormat, CircuitPayload, ExecutionOptions, ExecutionRequest
from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopRequest, LoopTask
from eigen.estimation.estimates import Estimate
from eigen.optimization.circuits import loop_circuit
from eigen.optimization.evaluations import Entry, read_entries
from eigen.optimization.journal import Journal
from eigen.optimization.loop import minimized
from eigen.optimization.objective import Objective
from eigen.optimization.seeds import evaluation_seed
from eigen.optimization.sources import Source
from eigen.ports.drivers import Driver
from eigen.testing.conformance_circuits import product_value
from eigen.testing.expectations import expect

__all__ = ["LOOP_CIRCUIT", "LoopSubject"]

_ENERGY = "energy"
LOOP_CIRCUIT = AQO(
    qubits=2,
    clbits=0,
    parameters=("b", "a"),
    operations=(
        Operation("RY", (0,), (Affine((("a", 1.0),), 0.3),)),
        Operation("CX", (0, 1)),
        Operation("RY", (1,), (Affine((("b", -1.0), ("a", 0.5))),)),
    ),
    observables={_ENERGY: (PauliTerm("Z", (0,), 0.7), PauliTerm("XZ", (0, 1), -1.2), PauliTerm("", (), 0.25))},
)
"""The circuit of the loops."""

_EXACT = LoopTask(
    objective=_ENERGY,
    initial=(0.4, -0.9),
    bounds=((-1.0, 1.0), (None, 2.0)),
    method="COBYLA",
    max_evals=40,
    seed=5,
    is_sampled=False,
    shots=100,
)
_SAMPLED = replace(_EXACT, method="SPSA", is_sampled=True, shots=400)
_ENDLESS = replace(_SAMPLED, method="SPSA", max_iters=10**9, max_evals=10**9)
_VALUE_TOLERANCE = 1e-8
_ENDING_TOLERANCE = 1e-5
_STD_ERRORS = 6.5
_TOO_GOOD = -1e3
_CANCEL_LIMIT_SEC = 5.0


@dataclass(frozen=True, slots=True)
class LoopSubject:
    """A device whose loops are checked.

    Attributes:
        driver: Its driver.
        device: What it says of itself.
        driver_options: Options of every run.
    """

    driver: Driver
    device: DeviceInfo
    driver_options: Mapping[str, Any]

    @property
    def runs_loops(self) -> bool:
        """Whether the device says that it runs loops."""
        return self.driver.runs_loops(self.device.device_id, profile(LOOP_CIRCUIT), self._options)

    async def check_values(self) -> None:
        """Check every value and gradient of exact loops, and where they end."""
        for method in ("COBYLA", "L-BFGS-B"):
            task = replace(_EXACT, method=method)
            async with _journal() as journal:
                outcome = await self._minimized(task, journal)
                entries = read_entries(await _content(journal))
            oracle = Objective(loop_circuit(LOOP_CIRCUIT, objective=_ENERGY), _ExactValues())
            _check_entries(entries, outcome, task)
            for entry in entries:
                _check_exact(entry, oracle)
            async with _journal() as journal:
                expected = await run_sync(_minimized_by(oracle, task, journal))
            expect(
                abs(outcome.fun - expected.fun) < _ENDING_TOLERANCE,
                f"{method} ended at {outcome.fun}, and at {expected.fun} with the same values",
            )

    async def check_executed(self) -> None:
        """Check that a loop's best value is what the device executes at its point, where it has exact values."""
        if not self.device.expectation_values:
            return
        async with _journal() as journal:
            outcome = await self._minimized(_EXACT, journal)
        binding = dict(zip(LOOP_CIRCUIT.parameters, outcome.x, strict=True))
        request = ExecutionRequest(
            job_id="job_conformance",
            device_id=self.device.device_id,
            payload=_payload(),
            bindings=(binding,),
            options=self._options,
        )
        ((result,),) = await self.driver.execute_many((request,))
        value, _ = result.expectation_values[_ENERGY]
        expect(abs(value - outcome.fun) < _VALUE_TOLERANCE, f"the loop has {outcome.fun}, execute() {value}")

    async def check_sampled(self) -> None:
        """Check sampled values, their seeds, and that a loop comes again."""
        async with _journal() as journal:
            outcome = await self._minimized(_SAMPLED, journal)
            content = await _content(journal)
        entries = read_entries(content)
        _check_entries(entries, outcome, _SAMPLED)
        oracle = Objective(loop_circuit(LOOP_CIRCUIT, objective=_ENERGY), _ExactValues())
        for entry in entries:
            seed = evaluation_seed(_SAMPLED.seed, start=0, evaluation=entry.number)
            expect(entry.seed == seed, f"evaluation {entry.number} has the seed {entry.seed}, not {seed}")
            exact = oracle.evaluate(np.array(entry.x), seed=0, with_gradient=False).value
            value, std_error = entry.evaluation.value, entry.evaluation.std_error
            expect(
                std_error > 0 and abs(value - exact) < _STD_ERRORS * std_error,
                f"the value is {value} ± {std_error}, exactly {exact}",
            )
        async with _journal() as journal:
            await self._minimized(_SAMPLED, journal)
            expect(await _content(journal) == content, "the same loop came out otherwise the second time")

    async def check_resumed(self) -> None:
        """Check that a journal is gone on with, and that what it records is believed."""
        task = replace(_SAMPLED, method="COBYLA")  # which begins at the point where the loop does
        async with _journal() as journal:
            outcome = await self._minimized(task, journal)
            whole = await _content(journal)
        for kept in (whole[: len(whole) // 2], whole):
            async with _journal(kept) as journal:
                again = await self._minimized(task, journal)
                expect(await _content(journal) == whole, "a loop that went on left another journal")
            expect(replace(again, metadata={}) == replace(outcome, metadata={}), f"it came to {again}, not {outcome}")
        first = read_entries(whole)[0]
        told = first._replace(evaluation=first.evaluation._replace(value=_TOO_GOOD), best=_TOO_GOOD)
        async with _journal(told.to_line()) as journal:
            believed = await self._minimized(task, journal)
        expect((believed.fun, believed.evaluation) == (_TOO_GOOD, 0), "a recorded evaluation was made again")

    async def check_cancelled(self) -> None:
        """Check that a cancelled loop ends soon, leaves its journal alone, and that the next one runs."""
        async with _journal() as journal:
            begun = anyio.Event()

            async def run() -> None:
                try:
                    await self._minimized(_ENDLESS, journal, lambda progress: begun.set())
                finally:
                    begun.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                await begun.wait()
                tasks.cancel_scope.cancel()
                cancelled_at = anyio.current_time()
            late_sec = anyio.current_time() - cancelled_at
            expect(late_sec < _CANCEL_LIMIT_SEC, f"it ended {late_sec:.1f} s after it was cancelled")
            size = len(await _content(journal))
            async with _journal() as other:
                await self._minimized(_SAMPLED, other)
            expect(0 < size == len(await _content(journal)), "its journal grew after the cancel, or has nothing")

    async def _minimized(self, task: LoopTask, journal: int, tell: Any = lambda progress: None) -> LoopOutcome:
        request = LoopRequest(
            job_id="job_conformance",
            device_id=self.device.device_id,
            payload=_payload(),
            task=task,
            options=self._options,
        )
        return await self.driver.minimize(request, journal=journal, tell=tell)

    @property
    def _options(self) -> ExecutionOptions:
        return ExecutionOptions(shots=100, seed=1, driver_options=dict(self.driver_options))


class _ExactValues(Source):
    """Values of the exact distribution of the loop's circuit, by a simulation that shares nothing with any backend."""

    def estimates(self, points: Sequence[NDArray[np.float64]], *, seed: int) -> Sequence[Estimate]:
        return [Estimate(_energy(tuple(point.tolist())), 0.0) for point in points]


@lru_cache(maxsize=4_096)
def _energy(angles: tuple[float, ...]) -> float:
    """Return the energy where each angle of the circuit, in order, has a value."""
    left = iter(angles)
    operations = tuple(one._replace(params=tuple(next(left) for _ in one.params)) for one in LOOP_CIRCUIT.operations)
    state = replace(LOOP_CIRCUIT, parameters=(), operations=operations, observables={})
    return math.fsum(one.coefficient * product_value(state, one) for one in LOOP_CIRCUIT.observables[_ENERGY])


def _payload() -> CircuitPayload:
    content = encode(LOOP_CIRCUIT)
    return CircuitPayload(
        format=CircuitFormat.AQO_JSON, data=content, digest=sha256_hex(content), profile=profile(LOOP_CIRCUIT)
    )


def _minimized_by(oracle: Objective, task: LoopTask, journal: int) -> Any:
    def work() -> LoopOutcome:
        return minimized(task, oracle, Journal(journal), tell=_nobody)

    return work


def _nobody(progress: LoopProgress) -> None:
    return


def _check_entries(entries: Sequence[Entry], outcome: LoopOutcome, task: LoopTask) -> None:
    """Check that a journal and an outcome tell the same loop, and that it kept its limits."""
    expect(outcome.nfev == len(entries) <= task.max_evals, f"{outcome.nfev} evaluations, {len(entries)} in the journal")
    named = entries[outcome.evaluation]
    expect(
        (named.evaluation.value, named.x) == (outcome.fun, outcome.x), f"the journal has {named}, the outcome {outcome}"
    )
    least = math.inf
    for entry in entries:
        least = min(least, entry.evaluation.value)
        expect(entry.best == least, f"evaluation {entry.number} has the best {entry.best}, not {least}")
        for value, (low, high) in zip(entry.x, task.bounds, strict=True):
            is_within = (low is None or value >= low) and (high is None or value <= high)
            expect(is_within, f"{value} is out of the bounds {low} and {high}")


def _check_exact(entry: Entry, oracle: Objective) -> None:
    found = entry.evaluation
    expected = oracle.evaluate(np.array(entry.x), seed=0, with_gradient=found.gradient is not None)
    pairs = zip((found.value, *(found.gradient or ())), (expected.value, *(expected.gradient or ())), strict=True)
    for value, right in pairs:
        expect(abs(value - right) < _VALUE_TOLERANCE, f"at {entry.x} the loop has {found}, exact are {expected}")


@asynccontextmanager
async def _journal(content: bytes = b"") -> AsyncIterator[int]:
    """Yield the descriptor of a journal with a content, open for reading and appending."""
    descriptor = await run_sync(_opened, content)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(content: bytes) -> int:
    draft, path = mkstemp()
    os.close(draft)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
    Path(path).unlink()
    os.write(descriptor, content)
    return descriptor


async def _content(journal: int) -> bytes:
    return await run_sync(os.pread, journal, 2**24, 0)
