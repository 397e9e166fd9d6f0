"""The driver `sim`: all simulators that come with Eigen OS, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence

from eigen.drivers.aer.simulator import AER
from eigen.drivers.qsim.simulator import QSIM
from eigen.drivers.qulacs.simulator import QULACS
from eigen.drivers.simulator.auto import AutoDevice
from eigen.drivers.simulator.description import Simulator
from eigen.drivers.simulator.driver import SimulatorDriver
from eigen.drivers.stim.simulator import STIM

__all__ = ["SIMULATORS", "SimDriver"]

SIMULATORS: tuple[Simulator, ...] = (AER, QULACS, STIM, QSIM)
"""Every engine, the one of `sim:local` first."""


class SimDriver(SimulatorDriver):
    """Simulation of circuits on this machine; `sim:auto` is the best engine for each.

    Args:
        simulators: The engines; by default all that there are.
        memory_limit_bytes: As for `SimulatorDriver`.
        num_workers: As for `SimulatorDriver`.
    """

    def __init__(
        self,
        simulators: Sequence[Simulator] = SIMULATORS,
        *,
        memory_limit_bytes: int | None = None,
        num_workers: int | None = None,
    ) -> None:
        super().__init__(simulators, memory_limit_bytes=memory_limit_bytes, num_workers=num_workers)
        self._devices["sim:auto"] = AutoDevice(self._engines)
