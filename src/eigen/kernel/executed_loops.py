"""A start of a loop whose values a device executes: in a thread of this process, since optimizers block.

The circuit that is executed has each symbolic angle as a parameter of its own, so that gradients shift single angles;
an evaluation is one request for each circuit with all of its points, like a sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.from_thread

from eigen.contracts.loops import LoopOutcome, LoopProgress, LoopTask
from eigen.estimation.estimates import Estimate
from eigen.estimation.sampling import sampling_of
from eigen.kernel.execution import executed, payload_of
from eigen.optimization.circuits import LoopCircuit, loop_circuit
from eigen.optimization.journal import Journal
from eigen.optimization.loop import minimized
from eigen.optimization.objective import Objective
from eigen.optimization.sources import Source
from eigen.workers.asking_thread import AskingThread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eigen.kernel.plan import ExecutionPlan
    from eigen.ports.clock import Clock
    from eigen.ports.drivers import DriverManager

__all__ = ["minimized_by_execution"]


async def minimized_by_execution(
    plan: ExecutionPlan,
    task: LoopTask,
    *,
    journal: int,
    drivers: DriverManager,
    job_id: str,
    device_id: str,
    clock: Clock,
    tell: Callable[[LoopProgress], None],
) -> LoopOutcome:
    """Run a start of a loop to its end.

    Args:
        plan: How the job is run.
        task: What to minimise, and how.
        journal: Descriptor of the start's journal.
        drivers: Executes.
        job_id: The job.
        device_id: Its device.
        clock: Time.
        tell: Is told how far it is.

    Raises:
        EigenError: As `DriverManager.execute`.
    """
    is_simulator = drivers.device(device_id).simulator

    thread = AskingThread()

    async def results(points: Sequence[dict[str, float]], ask: ExecutionPlan) -> list[Estimate]:
        found: list[Estimate] = []
        asked = executed(replace(ask, points=tuple(points)), drivers, job_id=job_id, device_id=device_id, clock=clock)
        async with aclosing(asked):
            async for some in asked:
                found += [Estimate(*one.result.expectation_values[task.objective]) for one in some]
        return found

    def run() -> LoopOutcome:
        from eigen.contracts.aqo_json import decode

        circuit = loop_circuit(decode(plan.payload.data, require_measurement=False), objective=task.objective)
        source = _ExecutedSource(_asking(plan, circuit, task), circuit.circuit.parameters, partial(thread.ask, results))
        kept = Journal(journal, is_synced=not is_simulator)
        return minimized(
            task,
            Objective(circuit, source),
            kept,
            tell=lambda progress: anyio.from_thread.run_sync(tell, progress),
        )

    return await thread.run(run)


def _asking(plan: ExecutionPlan, circuit: LoopCircuit, task: LoopTask) -> ExecutionPlan:
    """Return the plan by which an evaluation is executed."""
    sampling = None
    if task.is_sampled:
        precisions = {} if task.precision is None else {task.objective: task.precision}
        sampling = sampling_of(circuit.circuit, shots=task.shots, precisions=precisions)
    return replace(plan, payload=payload_of(circuit.circuit), binding={}, sampling=sampling, counted=None, loop=())


class _ExecutedSource(Source):
    """Values from requests that the event loop makes, asked from the loop's thread."""

    def __init__(
        self,
        plan: ExecutionPlan,
        names: Sequence[str],
        results: Callable[[Sequence[dict[str, float]], ExecutionPlan], list[Estimate]],
    ) -> None:
        self._plan = plan
        self._names = names
        self._results = results

    def estimates(self, points: Sequence[NDArray[np.float64]], *, seed: int) -> Sequence[Estimate]:
        """Return the estimate at each point; seeds of points and groups are derived from that of the evaluation."""
        bindings = [dict(zip(self._names, point.tolist(), strict=True)) for point in points]
        plan = replace(self._plan, options=replace(self._plan.options, seed=seed))
        return self._results(bindings, plan)
