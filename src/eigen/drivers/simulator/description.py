"""What a simulator is: its name, its methods with their gates and memory, and how it chooses among them.

Nothing here imports an engine's library. A description is a table that the device, `eigen devices` and the choice among
engines read; the work is done by the `Engine` at its import path, in worker processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from eigen.contracts.aqo import CircuitProfile
from eigen.contracts.noise import NoiseModel

__all__ = ["Choice", "Method", "Simulator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to simulate.

    Attributes:
        name: The engine's name of it.
        description: What it is good for, one clause.
        gates: Names of the gates that circuits may use.
        needed_bytes: Memory for a number of qubits; None where it grows with entanglement, which only the run can tell.
        state: What takes the memory, such as "a state vector".
        noise_channels: Kinds of noise that it simulates, names of `eigen.contracts.noise.NOISE_CHANNELS`.
        has_noisy_state: Whether it holds the whole mixture that noise makes, so that expectation values stay exact.
        first_qubits_for_threads: From how many qubits on more threads make a run faster; None for never.
        is_clifford_only: Whether all gates must be Clifford ones, angles included.
        keeps_branches: Whether it runs measurements in the middle by branches (`branching`), each with a state.
        runs_loops: Whether the engine has `landscape` for it, so that loops run beside the engine.
    """

    name: str
    description: str
    gates: frozenset[str]
    needed_bytes: Callable[[int], int] | None = None
    state: str = ""
    noise_channels: frozenset[str] = frozenset()
    has_noisy_state: bool = False
    first_qubits_for_threads: int | None = None
    is_clifford_only: bool = False
    keeps_branches: bool = False
    runs_loops: bool = False

    def num_states(self, profile: CircuitProfile, *, shots: int) -> int:
        """Return how many states a run keeps at once."""
        is_one_run = not (profile.has_mid_circuit or profile.has_reset or profile.has_conditions)
        return 1 if is_one_run or not self.keeps_branches else 1 + shots.bit_length()

    def num_threads(self, qubits: int, *, cores: int) -> int:
        """Return how many threads a run of so many qubits is given."""
        first = self.first_qubits_for_threads
        return cores if first is not None and qubits >= first else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A method, and why.

    Attributes:
        method: Its name.
        reason: Why this one, one clause.
    """

    method: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulator:
    """One engine.

    Attributes:
        name: The second part of its device's id, as in `sim:local`.
        driver: The first part of it.
        description: One sentence.
        backend: What results call it.
        engine: Import path of its `eigen.workers.engine.Engine`.
        distributions: Installed packages that decide its results; it can be used where all of them are there.
        extra: What to install it with, as in `pip install 'eigen-os[extra]'`; empty where it is always there.
        methods: By name; the first is for any circuit that fits.
        choose: Which method is best for a circuit, given the bytes of memory that there are.
        choose_with_noise: The same where noise is to be simulated; None where it takes none.
        mid_circuit_measurement: Whether a qubit may be used after it was measured.
        feed_forward: Whether operations may depend on measured bits.
        reset: Whether it can reset a qubit.
        expectation_values: Whether it gives exact expectation values.
        max_threads: Most threads with which its sums have the same last bit every time; None where it sums in one
            thread, or threads can be told for each run.
        precision: Of its numbers: `double`, `single`, or `exact` where it has none.
    """

    name: str
    description: str
    backend: str
    engine: str
    distributions: tuple[str, ...]
    driver: str = "sim"
    extra: str = ""
    methods: Mapping[str, Method]
    choose: Callable[[CircuitProfile, int], Choice]
    choose_with_noise: Callable[[CircuitProfile, int, NoiseModel], Choice] | None = None
    mid_circuit_measurement: bool = True
    feed_forward: bool = True
    reset: bool = True
    expectation_values: bool = True
    max_threads: int | None = None
    precision: str = "double"

    @property
    def device_id(self) -> str:
        """The id of its device."""
        return f"{self.driver}:{self.name}"

    @property
    def default_method(self) -> Method:
        """The method for any circuit that fits."""
        return next(iter(self.methods.values()))
