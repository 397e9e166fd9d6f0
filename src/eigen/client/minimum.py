"""What a loop at the user's side gives: its minimum, and every evaluation on the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Evaluation", "Minimum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One value of the objective.

    Attributes:
        index: Its place in the loop, from 0.
        x: Value of each parameter that is varied, radians where it is an angle.
        value: What the objective was there.
        job_id: The job that ran for it.
        replayed: Whether that job was DONE before this run of the loop asked for it.
    """

    index: int
    x: Mapping[str, float]
    value: float
    job_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """Where a loop has ended.

    Attributes:
        fun: The least value, in the optimizer's judgement; of a loop that was ended early, the least one that was seen.
        x: Where it is: the value of each parameter that was varied.
        method: The optimizer.
        nfev: How many values were asked for, replayed ones included; each was a job.
        nit: How many iterations the optimizer has made; 0 where it was ended early.
        success: Whether the optimizer was content.
        message: Why it ended, in the optimizer's words.
        seed: The loop's seed; those of the jobs and of the optimizer's own chances are derived from it.
        group: The group of its jobs.
        history: Every value, in the order in which they were asked for.
    """

    fun: float
    x: Mapping[str, float]
    method: str
    nfev: int
    nit: int
    success: bool
    message: str
    seed: int
    group: str
    history: tuple[Evaluation, ...] = field(repr=False)

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The jobs, in the order in which they were asked for."""
        return tuple(one.job_id for one in self.history)
