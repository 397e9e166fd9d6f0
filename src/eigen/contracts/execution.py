"""What a driver takes and gives: circuits, bindings, shots and seed in; counts and metadata out.

**Bit order of every bitstring: Qiskit's.** The rightmost character is classical bit 0; every string is as wide as the
circuit has classical bits. Seed section 3.2, step 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.devices import CircuitFormat

__all__ = [
    "MAX_SHOTS",
    "Admission",
    "CircuitFormat",
    "CircuitPayload",
    "ExecutionOptions",
    "ExecutionRequest",
    "ExecutionResult",
]

MAX_SHOTS = 1_000_000
"""Most shots of one job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPayload:
    """An executable circuit on its way to a driver.

    Attributes:
        format: How `data` is to be read.
        data: The circuit; for `AQO_JSON` its canonical JSON.
        digest: SHA-256 of `data`, hexadecimal; equal digests may share what was prepared.
        profile: What it needs of a device.
    """

    format: CircuitFormat
    data: bytes = field(repr=False)
    digest: str
    profile: CircuitProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOptions:
    """How to run a circuit.

    Attributes:
        shots: Repetitions of each binding, 1 to `MAX_SHOTS`.
        seed: Seed of the sampling, 0 to 2^53 − 1; equal seeds and versions give equal counts.
        noise_model: Noise to simulate, or None for none.
        optimization_level: 0 to 3, how hard a device tries that fits the circuit to its qubits; others run it as it is.
        driver_options: Options that only the driver knows; unknown ones are refused.
    """

    shots: int
    seed: int
    noise_model: str | None = None
    optimization_level: int = 1
    driver_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRequest:
    """One circuit to run under one or more bindings.

    Attributes:
        job_id: The job it belongs to.
        device_id: Which device, such as `sim:local`.
        payload: The circuit.
        bindings: Values of its parameters; one result for each; `({},)` where it has none.
        first_binding: Position of the first of them among all bindings of the job, from which their seeds are derived.
        options: How to run it.
    """

    job_id: str
    device_id: str
    payload: CircuitPayload
    bindings: tuple[Mapping[str, float], ...] = ({},)
    first_binding: int = 0
    options: ExecutionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A device's answer to whether it can run a circuit.

    Attributes:
        method: How it will simulate or run it, such as `statevector`.
        memory_bytes: Most memory the run will take.
        is_per_shot: Whether each shot is a run of its own though the circuit is measured at its end only, as where
            noise is drawn anew for each.
        explanation: Why this method, one sentence.
    """

    method: str
    memory_bytes: int
    is_per_shot: bool = False
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """Measurement results of one binding.

    Attributes:
        counts: How often each bitstring came; the rightmost character is classical bit 0. Empty where nothing is
            measured.
        execution_time_sec: Time the backend took, from a monotonic clock.
        metadata: `backend`, `method`, `seed`, versions of driver and libraries.
        expectation_values: Name of each of the circuit's observables to (value, standard error); exact values, of the
            state before the measurements that end the circuit, have the error 0.
    """

    counts: Mapping[str, int]
    execution_time_sec: float
    metadata: Mapping[str, Any] = field(default_factory=dict)
    expectation_values: Mapping[str, tuple[float, float]] = field(default_factory=dict)
