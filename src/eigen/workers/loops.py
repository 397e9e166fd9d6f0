"""A start of a loop beside its engine: the circuit, the journal's descriptor and the engine become one function call.

Arguments: `task`, a `LoopTask` as JSON, and `engine`, what the driver has to say to `Engine.landscape`. Parts:
`{"progress": LoopProgress}` while it runs, then `{"outcome": LoopOutcome}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eigen.contracts.loops import LoopProgress, LoopTask
from eigen.contracts.wire import from_json, to_json
from eigen.workers.engine import Engine

__all__ = ["run_loop"]


def run_loop(
    engine: Engine,
    content: bytes,
    arguments: Mapping[str, Any],
    *,
    journal: int,
    tell: Callable[[Mapping[str, Any]], None],
) -> dict[str, Any]:
    """Run a start of a loop to its end.

    Args:
        engine: Gives the values.
        content: The circuit as compiled, canonical JSON.
        arguments: See the module's header.
        journal: Descriptor of its journal.
        tell: Sends a part.

    Returns:
        The last part.

    Raises:
        EigenError: What the engine or the journal raises.
    """
    from eigen.contracts.aqo_json import decode
    from eigen.optimization.circuits import loop_circuit
    from eigen.optimization.journal import Journal
    from eigen.optimization.loop import minimized
    from eigen.optimization.objective import Objective

    task = from_json(LoopTask, arguments["task"])
    circuit = loop_circuit(decode(content, require_measurement=False), objective=task.objective)
    objective = Objective(circuit, _source(engine, circuit.circuit, task, arguments["engine"]))

    def report(progress: LoopProgress) -> None:
        tell({"progress": to_json(progress)})

    return {"outcome": to_json(minimized(task, objective, Journal(journal), tell=report))}


def _source(engine: Engine, circuit: Any, task: LoopTask, arguments: Mapping[str, Any]) -> Any:
    from dataclasses import replace

    from eigen.estimation.sampling import sampling_of
    from eigen.optimization.sources import ExactSource, SampledSource

    if not task.is_sampled:
        return ExactSource(engine.landscape(circuit, groups=(), arguments=arguments))
    precisions = {} if task.precision is None else {task.objective: task.precision}
    sampling = sampling_of(circuit, shots=task.shots, precisions=precisions)
    bare = replace(circuit, observables={})
    landscape = engine.landscape(bare, groups=sampling.groups, arguments=arguments)
    return SampledSource(landscape, sampling, objective=task.objective)
