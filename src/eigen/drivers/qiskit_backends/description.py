"""What a backend is, without loading it. Import paths come from this package or from the operator, never from a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eigen.contracts.devices import DeviceInfo
from eigen.contracts.execution import MAX_SHOTS
from eigen.contracts.gates import GATES

__all__ = ["NO_CIRCUIT", "QiskitBackend"]

NO_CIRCUIT = b"\n"
"""The content of a question to a worker that is about no circuit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QiskitBackend:
    """A backend of Qiskit's `BackendV2` interface.

    Attributes:
        device_id: `<driver>:<device>`.
        description: One sentence.
        path: Where its class, its factory or its provider is: `package.module:Name`.
        options: Arguments by name for what the path leads to; secrets are named, not given, see `credentials`.
        backend_name: What to ask the provider for by `get_backend`; empty where the path leads to the backend itself.
        distributions: Installed packages that decide its results.
        num_qubits: How many qubits it has.
        max_shots: Most shots of one run.
        slots: How many circuits it runs at once.
        max_batch: How many circuits one of its jobs should hold; 1 where each job is run at once.
        cancel_sec: How long it may take to cancel a job there that is cancelled here; 0 where nothing runs elsewhere.
        connectivity: Pairs of qubits that its gates act on, where that is known without loading it.
        simulator: Whether it simulates.
        is_noisy: Whether its noise can be left out by the driver option `noise: false`.
        mid_circuit_measurement: Whether a qubit may be used after it was measured.
        feed_forward: Whether operations may depend on measured bits.
        reset: Whether it can reset a qubit.
    """

    device_id: str
    description: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    backend_name: str = ""
    distributions: tuple[str, ...] = ("qiskit",)
    num_qubits: int
    max_shots: int = MAX_SHOTS
    slots: int = 1
    max_batch: int = 1
    cancel_sec: float = 0.0
    connectivity: tuple[tuple[int, int], ...] | None = None
    simulator: bool = True
    is_noisy: bool = False
    mid_circuit_measurement: bool = False
    feed_forward: bool = False
    reset: bool = False

    def info(self, versions: Mapping[str, str]) -> DeviceInfo:
        """Return what `eigen devices` shows, with the versions of its packages."""
        return DeviceInfo(
            device_id=self.device_id,
            driver=self.device_id.partition(":")[0],
            description=self.description,
            simulator=self.simulator,
            num_qubits=self.num_qubits,
            gates=tuple(GATES),
            max_shots=self.max_shots,
            slots=self.slots,
            max_batch=self.max_batch,
            connectivity=self.connectivity,
            routes=True,
            mid_circuit_measurement=self.mid_circuit_measurement,
            feed_forward=self.feed_forward,
            reset=self.reset,
            versions=tuple(f"{name} {number}" for name, number in versions.items()),
        )
