"""The driver `fake`: IBM's machines as they once were, with their couplings and their noise, simulated by Aer."""

from __future__ import annotations

from dataclasses import replace

from anyio import to_thread

from eigen.contracts.devices import DeviceStatus
from eigen.drivers.qiskit_backends.driver import QiskitBackendDriver
from eigen.drivers.qiskit_backends.snapshots import calibration, snapshots

__all__ = ["FakeDriver"]


class FakeDriver(QiskitBackendDriver):
    """Snapshots of `qiskit-ibm-runtime` (extra `ibm`); without that package it has no device.

    Args:
        num_workers: Most worker processes; by default one for each core.
        memory_limit_bytes: Most memory that all runs together may take; by default 80 % of what is available.
    """

    engine = "eigen.drivers.qiskit_backends.engine:SnapshotEngine"

    def __init__(self, *, num_workers: int | None = None, memory_limit_bytes: int | None = None) -> None:
        super().__init__("fake", snapshots(), num_workers=num_workers, memory_limit_bytes=memory_limit_bytes)

    async def calibrate(self, device_id: str) -> DeviceStatus:
        """Read a snapshot's files anew: they only change with their package."""
        return await self.status(device_id)

    async def status(self, device_id: str) -> DeviceStatus:
        """Return how a device is now, with its couplings, gates, and medians of lifetimes and errors."""
        status = await super().status(device_id)
        properties = await to_thread.run_sync(calibration, device_id.partition(":")[2])
        return replace(status, properties=properties)
