"""Values of an objective, each from a job of its own, for an optimizer in a thread beside the event loop.

The k-th value that the optimizer asks for has the idempotency key `minimize/<group>/<k>/<attempt>`. So a value whose
job is DONE is read and not run again, one whose job is on its way is waited for, and one whose answer was lost cannot
come to two jobs. A job that ended otherwise is left as it is, and the next attempt takes its place. Seeds depend on the
loop's seed and k alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import anyio

from eigen.client.minimum import Evaluation
from eigen.contracts.errors import AlreadyExistsError, FailedPreconditionError, InvalidArgumentError
from eigen.contracts.jobs import JobState, JobStatus
from eigen.contracts.printable import quoted
from eigen.optimization.seeds import evaluation_seed
from eigen.workers.asking_thread import AskingThread

if TYPE_CHECKING:
    from eigen.client.objectives import Objective
    from eigen.contracts.requests import SubmitJobRequest
    from eigen.contracts.results import JobResults
    from eigen.ports.system_api import SystemApi

__all__ = ["EndedEarly", "Evaluations", "Series", "Stopped"]

CANCEL_WAIT_SEC = 10.0
"""How long a job that is not wanted any more is waited for."""


class EndedEarly(BaseException):
    """The loop ends here, whatever its optimizer says. No Exception: optimizers' libraries catch those."""


class Stopped(BaseException):
    """Nobody waits for the loop any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The jobs of one loop.

    Attributes:
        request: The job, with everything in place but the parameters' values and the seed.
        parameters: What is varied, in the optimizer's order.
        objective: What is wanted of each job's results.
        group: The group's name.
        seed: From which the jobs' seeds are derived.
        max_evals: Most evaluations, or None for no limit.
        callback: Is told of each evaluation, in the optimizer's thread; StopIteration ends the loop.
    """

    request: SubmitJobRequest
    parameters: tuple[str, ...]
    objective: Objective
    group: str
    seed: int
    max_evals: int | None = None
    callback: Callable[[Evaluation], object] | None = None


class Evaluations:
    """Asks for values, and remembers them.

    Args:
        api: The System API.
        series: Which jobs.
        thread: Where the optimizer is.

    Attributes:
        history: Every evaluation so far.
    """

    def __init__(self, api: SystemApi, series: Series, thread: AskingThread) -> None:
        self.history: list[Evaluation] = []
        self._api = api
        self._series = series
        self._thread = thread

    # In the optimizer's thread

    def value(self, x: Iterable[float]) -> float:
        """Return the objective's value at a point.

        Raises:
            EndedEarly: The loop ends here.
            InvalidArgumentError: The point or the value is not finite.
            EigenError: The job has failed; this is its own error.
        """
        point = self.point(x)
        request = self._series.request
        results, replayed = self.results(request, inputs=request.spec.spec.inputs | point)
        return self.note(point, self._series.objective.value(results), job_id=results.job_id, replayed=replayed)

    def point(self, x: Iterable[float]) -> dict[str, float]:
        """Return the values of the parameters by name, where another evaluation may be made there.

        Raises:
            EndedEarly: None may be made.
            InvalidArgumentError: A value is not finite.
        """
        series = self._series
        if series.max_evals is not None and len(self.history) >= series.max_evals:
            raise EndedEarly(f"it has made all of the {series.max_evals} evaluations that max_evals allows")
        point = dict(zip(series.parameters, map(float, x), strict=True))
        if all(map(math.isfinite, point.values())):
            return point
        raise InvalidArgumentError(
            f"the optimizer asks for the value at {quoted(point)}",
            reason="OPTIMIZER_DIVERGED",
            hint="give bounds, or take another method",
        )

    def results(self, request: SubmitJobRequest, **body: Any) -> tuple[JobResults, bool]:
        """Return the results of the next evaluation's job, and whether it was DONE before.

        Args:
            request: The job.
            **body: Fields of its `spec` that belong to this evaluation.
        """
        try:
            return self._thread.ask(self._results, request, body)
        except CancelledError:  # what a thread sees of a cancellation, and what libraries would catch
            raise Stopped from None

    def note(self, point: Mapping[str, float], value: float, *, job_id: str, replayed: bool) -> float:
        """Remember an evaluation, tell of it, and return its value.

        Raises:
            EndedEarly: The callback ends the loop.
        """
        one = Evaluation(index=len(self.history), x=point, value=value, job_id=job_id, replayed=replayed)
        self.history.append(one)
        if self._series.callback is not None:
            try:
                self._series.callback(one)
            except StopIteration as asked:
                raise EndedEarly("its callback has ended it") from asked
        return value

    # On the event loop

    async def _results(self, request: SubmitJobRequest, body: Mapping[str, Any]) -> tuple[JobResults, bool]:
        with anyio.CancelScope(shield=True):  # a submission is carried out whole, so its job has to be known
            status = await self._submitted(request, body)
        try:
            return await self._api.get_job_results(status.job_id, when_ended=True), status.is_terminal
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(CANCEL_WAIT_SEC, shield=True):
                await self._api.cancel_job(status.job_id)
                await self._api.get_job_status(status.job_id, when_ended=True)
            raise

    async def _submitted(self, request: SubmitJobRequest, body: Mapping[str, Any]) -> JobStatus:
        """Submit the first attempt that is not known to have failed."""
        index, spec = len(self.history), request.spec
        seed = evaluation_seed(self._series.seed, start=0, evaluation=index)
        changed = spec.spec.model_copy(update={**body, "seed": seed})
        request = replace(request, spec=spec.model_copy(update={"spec": changed}))
        for attempt in count():
            key = f"minimize/{self._series.group}/{index}/{attempt}"
            status = await self._submit(replace(request, idempotency_key=key), index)
            if status.state is JobState.DONE or not status.is_terminal:
                return status
        raise AssertionError

    async def _submit(self, request: SubmitJobRequest, index: int) -> JobStatus:
        try:
            return await self._api.submit_job(request)
        except AlreadyExistsError as error:
            raise FailedPreconditionError(
                f"evaluation {index} of the loop {quoted(self._series.group)} was made at other values",
                reason="GROUP_DIVERGED",
                hint="the optimizer goes another way than before, such as one of another version; begin a new group",
            ) from error
