"""Circuits with measurements in the middle, run by branches instead of shot by shot. Knows no engine.

Theory. A measurement with outcome probabilities p and 1 − p sends each of n shots one way or the other, so that the
number of shots that go one way is one draw from the binomial distribution. A branch is a state, the classical bits so
far and its number of shots; it is simulated once, whatever that number is, and splits where both outcomes have shots.
What ends a circuit is drawn from each branch's last state. The distribution of the counts is that of counting shot by
shot; the states simulated are at most as many as the shots, and 2^m for m measurements in the middle.

The branch with fewer shots goes on and the other waits, so that at most 1 + log2(shots) states exist at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, Self, TypeVar

import numpy as np

from eigen.contracts.aqo import AQO, Condition, Operation
from eigen.contracts.bases import INTO_BASIS, OUT_OF_BASIS
from eigen.contracts.errors import InvariantError
from eigen.contracts.gates import BARRIER, GATES, MEASURE, RESET
from eigen.drivers.simulator.sampling import Readout, readout_of

__all__ = ["BranchState", "Gates", "Look", "Plan", "Skip", "plan_of", "walked"]

Piece = TypeVar("Piece")

_STEPS = 2**40
"""Into how many steps the interval from 0 to 1 is parted for draws: no number of shots can tell, rounding can."""


class Gates(NamedTuple):
    """Gates without conditions, in order."""

    operations: tuple[Operation, ...]


class Look(NamedTuple):
    """Measure a qubit into a classical bit; without one, reset it."""

    qubit: int
    clbit: int | None


class Skip(NamedTuple):
    """Leave out the next steps unless a condition holds."""

    condition: Condition
    num_steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A circuit as it is run.

    Attributes:
        steps: Everything but the measurements that end it.
        turns: Gates in front of these, which take their bases to the computational one.
        readout: What they read; None where nothing is measured at the end.
        sampling: How the counts come about: `draws` from the one last state, `branches`, or `none` where nothing is
            measured.
    """

    steps: tuple[Gates | Look | Skip, ...]
    turns: tuple[Operation, ...]
    readout: Readout | None
    sampling: str

    def at_end(self) -> Plan:
        """Return what is left of it when all of its gates have run."""
        return replace(self, steps=())


def plan_of(circuit: AQO, *, draws: bool = True) -> Plan:
    """Return a circuit's plan.

    Args:
        circuit: What to run.
        draws: Whether the engine draws what ends a circuit; else that is measured like everything else.
    """
    operations = [operation for operation in circuit.operations if operation.op != BARRIER]
    readout = readout_of(circuit) if draws else None
    if readout is not None:
        gates = tuple(operation for operation in operations if operation.op != MEASURE)
        last = [operation for operation in operations if operation.op == MEASURE]
        steps: tuple[Gates | Look | Skip, ...] = (Gates(gates),) if gates else ()
    else:
        body, last = _split(operations) if draws else (operations, [])
        readout = _readout(last)
        steps = tuple(_merged(_steps(body)))
    is_one_run = all(isinstance(step, Gates) for step in steps)
    sampling = ("draws" if readout else "none") if is_one_run else "branches"
    return Plan(steps=steps, turns=tuple(_turns(last)), readout=readout, sampling=sampling)


class BranchState(ABC, Generic[Piece]):
    """A quantum state of an engine, and what branching asks of it."""

    @abstractmethod
    def copy(self) -> Self:
        """Return another state, equal to this one."""

    @abstractmethod
    def apply(self, piece: Piece) -> None:
        """Run gates."""

    @abstractmethod
    def probability_of_1(self, qubit: int) -> float:
        """Return the probability that a qubit is measured as 1."""

    @abstractmethod
    def project(self, qubit: int, *, outcome: int, probability: float) -> None:
        """Leave the state as a measurement with this outcome, which has this probability, leaves it."""

    @abstractmethod
    def flip(self, qubit: int) -> None:
        """Run an X gate."""

    def draws(self, readout: Readout, *, shots: int, generator: np.random.Generator) -> Mapping[int, int]:
        """Measure at the end; return how often each number of the classical bits came. Asked where a plan says so."""
        raise InvariantError(f"{type(self).__name__} draws nothing")


@dataclass(slots=True)
class _Branch(Generic[Piece]):
    place: int
    bits: int
    shots: int
    state: BranchState[Piece]


def walked(
    plan: Plan,
    pieces: Mapping[int, Piece],
    *,
    state: BranchState[Piece],
    turns: Piece | None,
    shots: int,
    generator: np.random.Generator,
) -> dict[int, int]:
    """Run a plan.

    Args:
        plan: What to run.
        pieces: The engine's form of the gates of each `Gates` step, by the step's place in the plan.
        state: The state to begin with, which is used up.
        turns: The engine's form of `plan.turns`, or None where there are none.
        shots: How many.
        generator: Where all random numbers come from.

    Returns:
        How often each number of the classical bits came; bit k is classical bit k.
    """
    counts: dict[int, int] = {}
    waiting = [_Branch(0, 0, shots, state)]
    while waiting:
        branch = waiting.pop()
        while branch.place < len(plan.steps):
            step = plan.steps[branch.place]
            branch.place += 1
            if isinstance(step, Gates):
                branch.state.apply(pieces[branch.place - 1])
            elif isinstance(step, Skip):
                branch.place += 0 if _holds(step.condition, branch.bits) else step.num_steps
            else:
                branch = _looked(step, branch, waiting, generator)
        for bits, times in _last(plan, branch, turns, generator).items():
            counts[bits] = counts.get(bits, 0) + times
    return counts


def _looked(
    step: Look, branch: _Branch[Piece], waiting: list[_Branch[Piece]], generator: np.random.Generator
) -> _Branch[Piece]:
    """Measure; return the branch to go on with."""
    probability = _rounded(branch.state.probability_of_1(step.qubit))
    ones = int(generator.binomial(branch.shots, probability))
    rarer = 1 if ones <= branch.shots - ones else 0
    few = min(ones, branch.shots - ones)
    chances = (1.0 - probability, probability)
    if few:
        other = _Branch(branch.place, branch.bits, few, branch.state.copy())
        _settle(other, step, outcome=rarer, probability=chances[rarer])
        branch.shots -= few
        _settle(branch, step, outcome=1 - rarer, probability=chances[1 - rarer])
        waiting.append(branch)
        return other
    _settle(branch, step, outcome=1 - rarer, probability=chances[1 - rarer])
    return branch


def _rounded(probability: float) -> float:
    """Return a probability without its last bits, which depend on how many threads added it up.

    They decide more than they are worth: a binomial draw goes another way on either side of one half, and takes no
    random number at all where the outcome is certain.
    """
    return min(1.0, max(0.0, round(probability * _STEPS) / _STEPS))


def _settle(branch: _Branch[Piece], step: Look, *, outcome: int, probability: float) -> None:
    branch.state.project(step.qubit, outcome=outcome, probability=probability)
    if step.clbit is not None:
        branch.bits = branch.bits & ~(1 << step.clbit) | outcome << step.clbit
    elif outcome:
        branch.state.flip(step.qubit)


def _last(plan: Plan, branch: _Branch[Piece], turns: Piece | None, generator: np.random.Generator) -> Mapping[int, int]:
    if plan.readout is None:
        return {branch.bits: branch.shots}
    if turns is not None:
        branch.state.apply(turns)
    kept = branch.bits & ~sum(1 << clbit for clbit in plan.readout.clbits)
    drawn = branch.state.draws(plan.readout, shots=branch.shots, generator=generator)
    return {kept | bits: times for bits, times in drawn.items()} if kept else drawn


def _holds(condition: Condition, bits: int) -> bool:
    return all(bits >> clbit & 1 == condition.eq >> place & 1 for place, clbit in enumerate(condition.c))


def _split(operations: Sequence[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Return a circuit without the measurements at its end, and these."""
    measured: set[int] = set()
    end = len(operations)
    while end:
        operation = operations[end - 1]
        if operation.op != MEASURE or operation.condition is not None or not measured.isdisjoint(operation.q):
            break
        measured.update(operation.q)
        end -= 1
    return list(operations[:end]), list(operations[end:])


def _readout(measurements: Sequence[Operation]) -> Readout | None:
    qubit_of = {clbit: qubit for one in measurements for qubit, clbit in zip(one.q, one.c, strict=True)}
    if not qubit_of:
        return None
    clbits = tuple(sorted(qubit_of))
    return Readout(qubits=tuple(qubit_of[clbit] for clbit in clbits), clbits=clbits)


def _turns(measurements: Sequence[Operation]) -> Iterator[Operation]:
    for one in measurements:
        yield from _gates(INTO_BASIS[one.basis], one.q)


def _gates(names: Sequence[str], qubits: Sequence[int]) -> Iterator[Operation]:
    for name in names:
        for qubit in qubits:
            yield Operation(GATES[name].op, (qubit,))


def _steps(body: Sequence[Operation]) -> Iterator[Gates | Look | Skip]:
    for operation in body:
        steps = tuple(_steps_of(operation))
        if operation.condition is not None:
            yield Skip(operation.condition, len(steps))
        yield from steps


def _steps_of(operation: Operation) -> Iterator[Gates | Look]:
    if operation.op == MEASURE:
        into = tuple(_gates(INTO_BASIS[operation.basis], operation.q))
        back = tuple(_gates(OUT_OF_BASIS[operation.basis], operation.q))
        yield from [Gates(into)] if into else []
        yield from (Look(qubit, clbit) for qubit, clbit in zip(operation.q, operation.c, strict=True))
        yield from [Gates(back)] if back else []
    elif operation.op == RESET:
        yield from (Look(qubit, None) for qubit in operation.q)
    else:
        yield Gates((operation._replace(condition=None),))


def _merged(steps: Iterator[Gates | Look | Skip]) -> Iterator[Gates | Look | Skip]:
    """Yield the steps with neighbouring gates as one, but for those that a condition may leave out."""
    gathered: list[Operation] = []
    conditional = 0
    for step in steps:
        if isinstance(step, Gates) and not conditional:
            gathered += step.operations
            continue
        if gathered:
            yield Gates(tuple(gathered))
            gathered = []
        yield step
        conditional = step.num_steps if isinstance(step, Skip) else max(0, conditional - 1)
    if gathered:
        yield Gates(tuple(gathered))
