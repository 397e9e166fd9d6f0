"""One start of a loop, from its first question to its outcome: the optimizer, the journal and the objective together.

It is a plain function in one thread, wherever that is: beside an engine in a worker process, or in a thread of the
kernel's process where a device executes the circuits. Whoever wants it to stop kills the process, or raises out of the
objective; what was evaluated until then is in the journal.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopTask
from eigen.optimization.evaluations import Entry
from eigen.optimization.journal import Journal
from eigen.optimization.methods import METHODS, Problem
from eigen.optimization.objective import Objective
from eigen.optimization.seeds import evaluation_seed, method_seed
from eigen.optimization.stochastic import Bounds, Ending

__all__ = ["TELL_EVERY_SEC", "minimized"]

TELL_EVERY_SEC = 0.1
"""Shortest time between two reports of progress."""


class _EnoughError(Exception):
    """The loop ends here, whatever its method says."""


def minimized(
    task: LoopTask, objective: Objective, journal: Journal, *, tell: Callable[[LoopProgress], None]
) -> LoopOutcome:
    """Run a start to its end, or from where its journal ends.

    Args:
        task: What to minimise, and how.
        objective: The observable's value as a function of the parameters.
        journal: What was evaluated already, and where each evaluation is noted.
        tell: Is told how far it is, some times a second; quick.

    Returns:
        What the method came to; where the loop ended it, the best evaluation.

    Raises:
        EigenError: What the objective raises.
    """
    course = _Course(task, objective, journal, tell)
    try:
        ending = METHODS[task.method](course.problem())
    except _EnoughError as enough:
        ending = Ending(None, 0, False, str(enough))
    return course.outcome(ending)


class _Course:
    """The evaluations of a start: each answered from the journal, or evaluated and put there."""

    def __init__(
        self, task: LoopTask, objective: Objective, journal: Journal, tell: Callable[[LoopProgress], None]
    ) -> None:
        self._task = task
        self._objective = objective
        self._journal = journal
        self._tell = tell
        self._told_at = time.monotonic()
        self._number = 0
        self._num_gradients = 0
        self._entries: dict[tuple[float, ...], Entry] = {}
        self._best: Entry | None = None

    def problem(self) -> Problem:
        """Return what the optimizer is given."""
        task = self._task
        limits = task.bounds or ((None, None),) * len(task.initial)
        return Problem(
            value=self._value,
            gradient=self._gradient,
            initial=np.array(task.initial, dtype=np.float64),
            bounds=Bounds(
                np.array([-math.inf if low is None else low for low, _ in limits]),
                np.array([math.inf if high is None else high for _, high in limits]),
            ),
            is_bounded=bool(task.bounds),
            max_iters=task.max_iters,
            tol=task.tol,
            seed=method_seed(task.seed, start=task.start),
        )

    @property
    def best(self) -> Entry:
        """The least value so far, the first of equal ones; there is one before anything can end."""
        if self._best is None:
            raise RuntimeError("a loop without an evaluation")
        return self._best

    def outcome(self, ending: Ending) -> LoopOutcome:
        """Return the evaluation at which the method ended, and how."""
        entry = self.best if ending.x is None else self._entries.get(tuple(ending.x.tolist()), self.best)
        return LoopOutcome(
            fun=entry.evaluation.value,
            std_error=entry.evaluation.std_error,
            x=entry.x,
            evaluation=entry.number,
            nfev=self._number,
            njev=self._num_gradients,
            nit=ending.nit,
            success=ending.success,
            message=ending.message,
            metadata={"gradients": self._objective.gradient_method} if self._num_gradients else {},
        )

    def _value(self, x: NDArray[np.float64]) -> float:
        return self._entry(x, with_gradient=False).evaluation.value

    def _gradient(self, x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        evaluation = self._entry(x, with_gradient=True).evaluation
        self._num_gradients += 1
        return evaluation.value, np.array(evaluation.gradient, dtype=np.float64)

    def _entry(self, x: NDArray[np.float64], *, with_gradient: bool) -> Entry:
        point = tuple(x.tolist())
        if self._number >= self._task.max_evals:
            raise _EnoughError(f"{self._task.max_evals} evaluations are done")
        if not all(map(math.isfinite, point)):
            raise _EnoughError("the method left the finite numbers")
        entry = self._journal.recorded(point, with_gradient=with_gradient)
        if entry is None:
            entry = self._evaluated(x, point, with_gradient=with_gradient)
            self._journal.append(entry)
        self._note(entry)
        return entry

    def _evaluated(self, x: NDArray[np.float64], point: Sequence[float], *, with_gradient: bool) -> Entry:
        task, seed = self._task, None
        if task.is_sampled:
            seed = evaluation_seed(task.seed, start=task.start, evaluation=self._number)
        evaluation = self._objective.evaluate(x, seed=seed or 0, with_gradient=with_gradient)
        best = evaluation.value if self._best is None else min(self._best.evaluation.value, evaluation.value)
        return Entry(
            start=task.start,
            number=self._number,
            x=tuple(point),
            seed=seed,
            evaluation=evaluation,
            best=best,
        )

    def _note(self, entry: Entry) -> None:
        self._number += 1
        self._entries[entry.x] = entry
        if self._best is None or entry.evaluation.value < self._best.evaluation.value:
            self._best = entry
        now = time.monotonic()
        if now - self._told_at >= TELL_EVERY_SEC:
            self._told_at = now
            self._tell(
                LoopProgress(
                    start=self._task.start,
                    evaluations=self._number,
                    value=entry.evaluation.value,
                    best=entry.best,
                )
            )
