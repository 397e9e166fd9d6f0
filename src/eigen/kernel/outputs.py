"""What a job leaves in CircuitFS when it ends. Pure: from the run's facts to bytes."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from typing import Any

from eigen.contracts.canonical import canonical_json
from eigen.contracts.execution import ExecutionResult
from eigen.contracts.jobs import JOB_ID, JobRecord, JobState, StoredEvent
from eigen.contracts.results import RERUN_OF, JobResults
from eigen.contracts.version import VERSION
from eigen.contracts.wire import format_time, to_json
from eigen.kernel.history import to_json_lines
from eigen.kernel.run import JobInputs, JobRun

__all__ = ["closing_facts", "closing_files", "marginal_counts", "output_of"]


def closing_files(run: JobRun, *, final: JobRecord, last: StoredEvent) -> dict[str, bytes]:
    """Return the last files of a job: its results or its error, and its events to the very last one."""
    files = {"events.jsonl": to_json_lines([*run.events, last])}
    if final.state is JobState.DONE:
        files["results.json"] = _results(run, final, last).to_bytes()
    else:
        files["error.json"] = canonical_json(dict(final.error or {}))
    return files


def closing_facts(final: JobRecord) -> dict[str, Any]:
    """Return what `meta.json` says of a sealed job; the record in it is enough to rebuild the store."""
    return {
        "job_id": final.job_id,
        "trace_id": final.trace_id,
        "created_at": format_time(final.created_at),
        "finished_at": format_time(final.updated_at),
        "versions": _versions(),
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


def _results(run: JobRun, final: JobRecord, last: StoredEvent) -> JobResults:
    result, compiled, plan = run.result, run.compiled, run.plan
    assert result is not None and compiled is not None and plan is not None  # noqa: S101  # DONE implies them
    return JobResults(
        job_id=final.job_id,
        name=final.name,
        state=final.state,
        counts=result.counts,
        shots=plan.options.shots,
        expectation_values={name: _expectation(*estimate) for name, estimate in result.expectation_values.items()},
        outputs={name: output_of(one, result) for name, one in compiled.outputs.items()},
        execution_time_sec=result.execution_time_sec,
        metadata=result.metadata,
        timeline={event.stage: format_time(event.at) for event in [*run.events, last]},
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
            "versions": _versions(),
            **_origin(run),
        },
    )


def output_of(output: Mapping[str, Any], result: ExecutionResult) -> Any:
    """Return an output as it stands in the results.

    A value stands as it is, bits as the counts of these bits alone, an expectation value with its standard error.
    """
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


def _versions() -> dict[str, str]:
    return {"eigen": VERSION, "python": platform.python_version()}
