"""`sim:local`: Qiskit Aer, its methods, and which one is best for a circuit. Imports no SDK.

`sim:local` offers the methods that are exact up to rounding. Aer's `extended_stabilizer` is left out: it samples by a
random walk, and its counts can be wrong without saying so. The gate sets were found by running every gate of the table
under every method (Aer 0.17 and 0.18); what a method lacks is lowered, see `lowering`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.contracts.noise import NOISE_CHANNELS, NoiseModel
from eigen.drivers.simulator.choice import has_low_entanglement
from eigen.drivers.simulator.description import Choice, Method, Simulator

__all__ = ["AER", "DEFAULT_METHOD", "METHODS", "PROBABILITIES", "TABLEAU", "AerMethod", "choose", "choose_with_noise"]

DEFAULT_METHOD = "statevector"

PROBABILITIES = "probabilities"
"""Under which name Aer gives the probabilities that a circuit saves."""

TABLEAU = "tableau"
"""Under which name Aer gives the stabilizers that a circuit saves."""

_MAX_MIXED_QUBITS = 9
"""Up to how many qubits a density matrix is quicker than a state vector for each of a thousand shots.

Processor time of four layers of rotations and CX with depolarizing noise, 1,024 shots: 4 qubits 2 ms by the one and 140
by the other, 8 qubits 90 and 300, 10 qubits 2,000 and 800."""

_FIRST_QUBITS_OF_DRAWN_TABLEAUS = 14
"""From how many qubits on drawing from a tableau is quicker than from a state vector.

A GHZ state takes 2.0 and 2.2 ms there, 2.8 and 11 of 16 qubits; random Clifford layers of 20 qubits 14 and 2,900."""

_FIRST_WIDE_QUBITS = 22
"""From how many qubits on a state vector is slow enough for its alternatives to be looked at."""

_FIRST_QUBITS_OF_SLOW_TABLEAUS = 100
"""From how many qubits on Aer's tableau, measured shot by shot, is slower than a chain of little entanglement."""

_NO_GATES = frozenset({BARRIER.lower(), MEASURE.lower(), RESET.lower()})
_UNKNOWN_TO_AER = frozenset({"ch", "cs", "csdg", "iswap"})
_ALL = frozenset(GATES) - _UNKNOWN_TO_AER
_CLIFFORD = frozenset(["id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap", "ecr"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AerMethod(Method):
    """One of Aer's methods.

    Attributes:
        native: Gates that Aer runs by themselves.
        takes_matrices: Whether any other gate can be run by its matrix.
        keeps_barriers: Whether an optimizer comes behind it, which must not look across them.
        drawn_from: What counts can be drawn from where measurements end a circuit, `PROBABILITIES` or `TABLEAU`; empty
            where Aer counts.
    """

    native: frozenset[str]
    takes_matrices: bool = True
    keeps_barriers: bool = False
    drawn_from: str = ""


METHODS: Mapping[str, AerMethod] = MappingProxyType(
    {
        method.name: method
        for method in (
            AerMethod(
                name="statevector",
                description="any circuit, 2^n amplitudes of 16 bytes",
                gates=frozenset(GATES),
                needed_bytes=lambda qubits: 16 << qubits,
                state="a state vector",
                noise_channels=frozenset(NOISE_CHANNELS),
                first_qubits_for_threads=16,
                runs_loops=True,
                native=_ALL,
                drawn_from=PROBABILITIES,
            ),
            AerMethod(
                name="density_matrix",
                description="any circuit, 4^n elements of 16 bytes",
                gates=frozenset(GATES),
                needed_bytes=lambda qubits: 16 << 2 * qubits,
                state="a density matrix",
                noise_channels=frozenset(NOISE_CHANNELS),
                has_noisy_state=True,
                first_qubits_for_threads=8,
                native=_ALL - frozenset(["csx", "crx", "cry", "crz", "cu", "ccz", "cswap"]),
                drawn_from=PROBABILITIES,
            ),
            AerMethod(
                name="stabilizer",
                description="Clifford circuits, thousands of qubits",
                gates=_CLIFFORD | {"iswap"},
                needed_bytes=lambda qubits: 32 * qubits * qubits + 2**27,
                state="a stabilizer tableau and a batch of shots",
                noise_channels=frozenset(name for name, kind in NOISE_CHANNELS.items() if kind.is_pauli),
                native=_CLIFFORD,
                takes_matrices=False,
                drawn_from=TABLEAU,
            ),
            AerMethod(
                name="matrix_product_state",
                description="circuits of low entanglement, many qubits",
                gates=frozenset(GATES),
                noise_channels=frozenset(NOISE_CHANNELS),
                native=_ALL - frozenset(["crx", "cry", "crz", "cu", "ccz"]),
            ),
        )
    }
)
"""Every method that a job may choose, by name. A stabilizer tableau of n qubits has 2n rows of 2n bits, kept twice, and
comes as text of a byte for each letter."""


class _Rule(NamedTuple):
    method: str
    holds: Callable[[CircuitProfile], bool]
    reason: str


_RULES: tuple[_Rule, ...] = (
    # the first one that holds decides; `docs/drivers.md` has the figures behind the thresholds
    _Rule(
        "stabilizer",
        lambda profile: (
            profile.qubits >= _FIRST_QUBITS_OF_DRAWN_TABLEAUS
            and _is_stabilizer_circuit(profile)
            and _is_drawn_at_once(profile)
        ),
        f"a Clifford circuit of {_FIRST_QUBITS_OF_DRAWN_TABLEAUS} qubits or more that ends with its measurements",
    ),
    _Rule(
        "statevector",
        lambda profile: profile.qubits < _FIRST_WIDE_QUBITS,
        f"fewer than {_FIRST_WIDE_QUBITS} qubits: no method is quicker by much",
    ),
    _Rule(
        "stabilizer",
        lambda profile: _is_stabilizer_circuit(profile) and profile.qubits < _FIRST_QUBITS_OF_SLOW_TABLEAUS,
        "a wide Clifford circuit",
    ),
    _Rule("matrix_product_state", has_low_entanglement, "many qubits and little entanglement"),
    _Rule("stabilizer", lambda profile: _is_stabilizer_circuit(profile), "a wide Clifford circuit"),
    _Rule("statevector", lambda profile: True, "any circuit, if it fits"),
)


def choose(profile: CircuitProfile, limit_bytes: int) -> Choice:
    """Return the best method for a circuit without noise."""
    rule = next(rule for rule in _RULES if rule.holds(profile))
    return Choice(method=rule.method, reason=rule.reason)


def _is_stabilizer_circuit(profile: CircuitProfile) -> bool:
    return {op.lower() for op in profile.op_counts} <= METHODS["stabilizer"].gates | _NO_GATES


def _is_drawn_at_once(profile: CircuitProfile) -> bool:
    return _is_one_run(profile) and not profile.num_observables


def _is_one_run(profile: CircuitProfile) -> bool:
    return not (profile.has_mid_circuit or profile.has_reset or profile.has_conditions)


def choose_with_noise(profile: CircuitProfile, limit_bytes: int, noise: NoiseModel) -> Choice:
    """Return the best method for a circuit whose gates or readout are noisy."""
    if profile.num_observables or (_is_one_run(profile) and profile.qubits <= _MAX_MIXED_QUBITS):
        return Choice(method="density_matrix", reason="noise on few qubits: the whole mixture, and exact probabilities")
    if noise.is_pauli and _is_stabilizer_circuit(profile):
        return Choice(method="stabilizer", reason="Pauli noise on a Clifford circuit")
    return Choice(method="statevector", reason="noise drawn anew for each shot")


AER = Simulator(
    name="local",
    description="Exact simulation on this machine with Qiskit Aer",
    backend="qiskit_aer_simulator",
    engine="eigen.drivers.aer.engine:AerEngine",
    distributions=("numpy", "qiskit", "qiskit-aer"),
    methods=METHODS,
    choose=choose,
    choose_with_noise=choose_with_noise,
)
"""The engine of `sim:local`."""
