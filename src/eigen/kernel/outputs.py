"""What a job leaves in CircuitFS when it ends. Pure: from the run's facts to bytes."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eigen.contracts.canonical import canonical_json
from eigen.contracts.execution import ExecutionResult
from eigen.contracts.job_events import Progressed
from eigen.contracts.jobs import JOB_ID, JobRecord, JobState, StoredEvent
from eigen.contracts.results import RERUN_OF, JobResults, SweepPoint
from eigen.contracts.version import VERSION
from eigen.contracts.wire import format_time, to_json
from eigen.kernel.execution import PointResult
from eigen.kernel.history import to_json_lines
from eigen.kernel.kept_points import POINTS, is_of_sweep
from eigen.kernel.loop_results import journal_of, optimizer_of, stopped_optimizer_of
from eigen.kernel.run import JobInputs, JobRun
from eigen.ports.artifact_store import JOURNAL

if TYPE_CHECKING:
    from eigen.kernel.plan import ExecutionPlan

_PROGRESSED = Progressed.__name__  # begins no stage
_VERSIONS: Mapping[str, str] = {"eigen": VERSION, "python": platform.python_version()}

__all__ = ["closing_facts", "closing_files", "marginal_counts", "output_of"]


def closing_files(
    run: JobRun, *, final: JobRecord, last: StoredEvent, journals: Sequence[bytes] = ()
) -> dict[str, bytes]:
    """Return the last files of a job: its results or its error, and its events to the very last one.

    A sweep that did not come to its end leaves the points that are done, a loop its best evaluation; sampled
    expectation values, the raw counts; a loop, its journal, and so does a sweep that nobody began anew.

    Args:
        run: The job.
        final: Its record then.
        last: The event that ends it.
        journals: The journal of each start of its loop, or of its sweep.
    """
    files = {"events.jsonl": to_json_lines([*run.events, last])}
    if journals:
        files[POINTS if is_of_sweep(journals[0]) else JOURNAL] = journal_of(journals)
    if final.state is JobState.DONE:
        files["results.json"] = _results(run, final, last, _optimizer(run, journals)).to_bytes()
    else:
        files["error.json"] = canonical_json(dict(final.error or {}))
        optimizer = _stopped_optimizer(run, final, journals)
        if run.results or optimizer:
            files["results.partial.json"] = _results(run, final, last, optimizer).to_bytes()
    if run.plan is not None and run.plan.sampling is not None and run.results:
        files["measurements.json"] = _measurements(run.plan, run.results)
    return files


def closing_facts(final: JobRecord) -> dict[str, Any]:
    """Return what `meta.json` says of a sealed job; the record in it is enough to rebuild the store."""
    return {
        "job_id": final.job_id,
        "trace_id": final.trace_id,
        "created_at": format_time(final.created_at),
        "finished_at": format_time(final.updated_at),
        "versions": _VERSIONS,
        "record": to_json(final),
    }


def marginal_counts(counts: Mapping[str, int], clbits: tuple[int, ...]) -> dict[str, int]:
    """Return the counts of some classical bits, in no order; the first of `clbits` becomes the rightmost character.

    Example:
        >>> marginal_counts({"011": 3, "111": 1}, (0, 2))
        {'01': 3, '11': 1}
    """
    marginal: Counter[str] = Counter()
    for bits, count in counts.items():
        marginal["".join(bits[-1 - clbit] for clbit in reversed(clbits))] += count
    return dict(marginal)


def _optimizer(run: JobRun, journals: Sequence[bytes]) -> dict[str, Any]:
    """Return what the results say of a loop; nothing where there is none."""
    if run.plan is None or not run.plan.loop:
        return {}
    return optimizer_of(run.plan.loop, run.outcomes, journals, run.plan.payload.profile.parameters)


def _stopped_optimizer(run: JobRun, final: JobRecord, journals: Sequence[bytes]) -> dict[str, Any]:
    if run.plan is None or not run.plan.loop:
        return {}
    why = f"the job ended as {final.state}"
    return stopped_optimizer_of(run.plan.loop, journals, run.plan.payload.profile.parameters, why=why)


def _results(run: JobRun, final: JobRecord, last: StoredEvent, optimizer: Mapping[str, Any]) -> JobResults:
    compiled, plan = run.compiled, run.plan
    assert compiled is not None and plan is not None  # noqa: S101  # whatever gives results implies them
    results = run.results or [PointResult(ExecutionResult(counts={}, execution_time_sec=0.0))]  # a stopped loop's
    points, first = _points(plan, compiled.outputs, run.results, optimizer), results[0].result
    is_sweep = bool(plan.points[0])
    return JobResults(
        job_id=final.job_id,
        name=final.name,
        state=final.state,
        counts={} if is_sweep else first.counts,
        shots=plan.shots,
        expectation_values=points[0].expectation_values if points and not is_sweep else {},
        results=points if is_sweep else (),
        outputs=points[0].outputs if points and not is_sweep else {},
        optimizer=optimizer,
        execution_time_sec=run.loop_sec + sum(one.result.execution_time_sec for one in run.results),
        metadata=first.metadata,
        timeline={event.stage: format_time(event.at) for event in [*run.events, last] if event.kind != _PROGRESSED},
        provenance={
            "source_sha256": final.source_digest,
            "spec_sha256": final.spec_digest,
            "aqo_sha256": final.aqo_digest,
            "binding": plan.binding,
            "device_id": final.device_id,
            "seed": plan.options.seed,
            "shots": plan.options.shots,
            "attempt": final.attempt,
            "trace_id": final.trace_id,
            "versions": _VERSIONS,
            **({"points": len(plan.points)} if is_sweep else {}),
            **_origin(run),
        },
    )


def _points(
    plan: ExecutionPlan,
    outputs: Mapping[str, Mapping[str, Any]],
    results: Sequence[PointResult],
    optimizer: Mapping[str, Any],
) -> tuple[SweepPoint, ...]:
    return tuple(
        SweepPoint(
            binding=binding,
            counts=one.result.counts,
            expectation_values={name: _expectation(*found) for name, found in one.result.expectation_values.items()},
            outputs={name: output_of(output, one.result, optimizer) for name, output in outputs.items()},
            execution_time_sec=one.result.execution_time_sec,
            seed=one.result.metadata.get("seed", plan.options.seed),
        )
        for binding, one in zip(plan.points, results, strict=False)  # a sweep that was stopped has more points
    )


def _measurements(plan: ExecutionPlan, results: Sequence[PointResult]) -> bytes:
    """Return `measurements.json`: what was measured for the expectation values, and the counts of each point."""
    assert plan.sampling is not None  # noqa: S101  # see the caller
    circuits = [
        {"qubits": list(group.qubits), "basis": group.letters, "shots": shots, "first_bit": plan.sampling.state.clbits}
        for group, shots in zip(plan.sampling.groups, plan.sampling.shots, strict=True)
    ]
    points = [
        [{"counts": dict(group.counts), "seed": group.metadata.get("seed")} for group in one.groups] for one in results
    ]
    return canonical_json({"circuits": circuits, "points": points})


def output_of(output: Mapping[str, Any], result: ExecutionResult, optimizer: Mapping[str, Any]) -> Any:
    """Return an output as it stands in the results.

    A value stands as it is, bits as the counts of these bits alone, an expectation value with its standard error, the
    result of a loop without its history, or the one attribute of it that is asked for.
    """
    if output["kind"] == "optimizer":
        whole = {name: value for name, value in optimizer.items() if name not in ("history", "starts")}
        return optimizer[output["field"]] if output["field"] else whole
    if output["kind"] == "bits":
        return {"counts": marginal_counts(result.counts, tuple(output["c"]))}
    if output["kind"] == "expectation":
        return _expectation(*result.expectation_values[output["name"]])
    return output["value"]


def _origin(run: JobRun) -> dict[str, str]:
    """Return the job that this one repeats, where it repeats one."""
    assert isinstance(run.inputs, JobInputs)  # noqa: S101  # a job without inputs gives no results
    original = run.inputs.spec.metadata.annotations.get(RERUN_OF, "")
    return {"rerun_of": original} if JOB_ID.fullmatch(original) else {}


def _expectation(value: float, std_error: float) -> dict[str, float]:
    return {"value": value, "std_error": std_error}
