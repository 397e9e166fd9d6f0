"""`braket:local`: what Amazon Braket's state vector simulator can do here. Imports no SDK.

It takes OpenQASM 3 with measurements in the middle, resets and conditions, but its results have one value for each
qubit, and not one for each bit (`amazon-braket-default-simulator` 1.41): none of these is offered. Its random numbers
cannot be seeded, so that it is asked for exact probabilities, and the counts are drawn from them.
"""

from __future__ import annotations

from types import MappingProxyType

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.gates import GATES
from eigen.drivers.simulator.description import Choice, Method, Simulator
from eigen.drivers.simulator.driver import SimulatorDriver

__all__ = ["BRAKET", "BraketDriver"]

_STATEVECTOR = Method(
    name="statevector",
    description="any circuit, 2^n amplitudes and their probabilities as Python's numbers, 256 bytes each",
    gates=frozenset(GATES),
    needed_bytes=lambda qubits: 256 << qubits,
    state="a state vector and a list of probabilities",
)


def _choose(profile: CircuitProfile, limit_bytes: int) -> Choice:
    return Choice(method=_STATEVECTOR.name, reason=f"the only one: {_STATEVECTOR.description}")


BRAKET = Simulator(
    name="local",
    driver="braket",
    description="Amazon Braket's local simulator, by OpenQASM 3",
    backend="braket_sv",
    engine="eigen.drivers.braket.engine:BraketEngine",
    distributions=("numpy", "amazon-braket-default-simulator"),
    extra="braket",
    methods=MappingProxyType({_STATEVECTOR.name: _STATEVECTOR}),
    choose=_choose,
    mid_circuit_measurement=False,
    feed_forward=False,
    reset=False,
)
"""The engine of `braket:local`."""


class BraketDriver(SimulatorDriver):
    """Amazon Braket's local simulator.

    Args:
        memory_limit_bytes: As for `SimulatorDriver`.
        num_workers: As for `SimulatorDriver`.
    """

    name = "braket"

    def __init__(self, *, memory_limit_bytes: int | None = None, num_workers: int | None = None) -> None:
        super().__init__([BRAKET], memory_limit_bytes=memory_limit_bytes, num_workers=num_workers)
