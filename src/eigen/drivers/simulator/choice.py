"""Which engine is the fastest that is exact for a circuit: the rules of `sim:auto`, as a table.

The first rule that holds and whose engine is installed decides. Thresholds were measured against the bare libraries;
`docs/drivers.md` has the figures, `benchmarks/devices.py` makes them. Pure functions of what is known before a run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.execution import ExecutionOptions

__all__ = ["EngineChoice", "choose_engine", "has_low_entanglement"]

_FIRST_QUBITS_FOR_TABLEAUS = 12
"""From how many qubits on a tableau is quicker to make and sample than a state vector."""

_FIRST_QUBITS_FOR_SINGLE_PRECISION = 13
"""From how many qubits on half the memory and fused gates outweigh what a run of qsim costs by itself."""

_MOST_QUBITS_FOR_QULACS = 19
"""Up to how many qubits Qulacs' overhead matters more than Aer's fusion of gates."""

_FIRST_QUBITS_FOR_CHAINS = 22
"""From how many qubits on a matrix product state may be quicker than a state vector."""


class EngineChoice(NamedTuple):
    """An engine, and why.

    Attributes:
        engine: Its name, as in `sim:<engine>`.
        reason: One clause.
    """

    engine: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the rules look at."""

    profile: CircuitProfile
    has_noise: bool

    @property
    def is_one_run(self) -> bool:
        """Whether all shots are draws from one state."""
        return not (self.profile.has_mid_circuit or self.profile.has_reset or self.profile.has_conditions)

    @property
    def suits_tableaus(self) -> bool:
        """Whether a tableau is the best state: Clifford, and wide, or with measurements that need no branches."""
        is_wide = self.profile.qubits >= _FIRST_QUBITS_FOR_TABLEAUS
        return self.profile.is_clifford and (is_wide or not (self.is_one_run or self.profile.has_conditions))


class _Rule(NamedTuple):
    engine: str
    holds: Callable[[_Facts], bool]
    reason: str


_RULES: tuple[_Rule, ...] = (
    _Rule("local", lambda facts: facts.has_noise, "Aer simulates noise"),
    _Rule(
        "stim",
        lambda facts: facts.suits_tableaus,
        f"a Clifford circuit of {_FIRST_QUBITS_FOR_TABLEAUS} qubits or more, or with measurements in the middle",
    ),
    _Rule(
        "local",
        lambda facts: facts.is_one_run and has_low_entanglement(facts.profile),
        "many qubits and little entanglement: Aer's matrix product state",
    ),
    _Rule(
        "qsim",
        lambda facts: (
            facts.is_one_run
            and not facts.profile.num_observables
            and facts.profile.qubits >= _FIRST_QUBITS_FOR_SINGLE_PRECISION
        ),
        f"counts of {_FIRST_QUBITS_FOR_SINGLE_PRECISION} qubits or more: no number of shots can tell single precision",
    ),
    _Rule(
        "qulacs",
        lambda facts: facts.profile.qubits <= _MOST_QUBITS_FOR_QULACS or not facts.is_one_run,
        f"up to {_MOST_QUBITS_FOR_QULACS} qubits, or branches instead of shot by shot: the least overhead",
    ),
    _Rule("local", lambda facts: True, "a large state vector: Aer fuses gates"),
)


def choose_engine(profile: CircuitProfile, options: ExecutionOptions, *, installed: Collection[str]) -> EngineChoice:
    """Return the engine for a circuit.

    Args:
        profile: What is known of the circuit.
        options: How it is to be run.
        installed: Names of the engines that can be used; `local` is always among them.
    """
    facts = _Facts(profile=profile, has_noise=options.noise_model is not None)
    missed = ""
    for rule in _RULES:
        if not rule.holds(facts):
            continue
        if rule.engine in installed:
            return EngineChoice(rule.engine, f"{rule.reason}{missed}")
        missed = missed or f"; sim:{rule.engine} would be faster, but is not installed"
    return EngineChoice("local", f"always there{missed}")


def has_low_entanglement(profile: CircuitProfile) -> bool:
    """Return whether a matrix product state is quicker than a state vector: χ³ against 2^n, with their constants."""
    bits = profile.schmidt_bits
    return bits is not None and profile.qubits >= max(_FIRST_QUBITS_FOR_CHAINS, 3 * bits + 8)
