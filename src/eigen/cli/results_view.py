"""Results as people read them: counts, expectation values, points of a sweep, and outputs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eigen.cli.curve import sparkline
from eigen.cli.rendering import Column, emit, is_terminal, note, show_facts, show_json, show_table

if TYPE_CHECKING:
    from eigen.ports.job_reads import JobReads

__all__ = ["print_partial_results", "print_results"]

UNLIKELY = 1e-3
"""A p-value below this is remarked upon."""

_CURVE_WIDTH = 60

MOST_ON_TERMINAL = 32
"""Most outcomes that a terminal shows; a pipe gets all."""

_TRANSPILED = "depth {depth}, {two_qubit_gates} two-qubit gates, {swaps} swaps, level {optimization_level}"


async def print_results(api: JobReads, job_id: str, *, as_json: bool, verify: bool = False) -> None:
    """Print the results of a job that is DONE: the very bytes of `results.json`, or tables.

    Verified ones have `metadata.verification` besides.
    """
    content = await api.get_artifact(job_id, "results.json")
    if verify:
        from eigen.client.verification import verified

        document = json.loads(content)
        document["metadata"]["verification"] = (await verified(api, job_id)).to_json()
        content = json.dumps(document, separators=(",", ":"), sort_keys=True).encode()
    if not as_json:
        _show_results(json.loads(content))
    elif is_terminal(sys.stdout):
        show_json(json.loads(content))
    else:
        emit(content.decode())


async def print_partial_results(api: JobReads, job_id: str, *, as_json: bool) -> None:
    """Print what a job that was stopped has kept: points of a sweep, or the best of a loop; nothing without any."""
    from eigen.contracts.errors import NotFoundError

    try:
        content = await api.get_artifact(job_id, "results.partial.json")
    except NotFoundError:
        return
    if as_json:
        show_json(json.loads(content))
    else:
        _show_results(json.loads(content))


def _show_results(results: Mapping[str, Any]) -> None:
    """Print results for people, most frequent outcomes first."""
    show_facts(_facts(results))
    _show_counts(results)
    _show_optimizer(results.get("optimizer") or {})
    _show_expectation_values(results)
    _show_points(results)
    _show_outputs(results)


def _points_done(results: Mapping[str, Any]) -> str:
    """Return how many points of a sweep that was stopped are there; empty where all are."""
    done, points = len(results.get("results") or ()), results["provenance"].get("points", 0)
    return f"{done} of {points} are done" if done < points else ""


def _facts(results: Mapping[str, Any]) -> dict[str, str]:
    provenance, metadata = results["provenance"], results["metadata"]
    facts = {
        "job": results["job_id"],
        "name": results["name"],
        "state": results["state"],
        "device": str(provenance.get("device_id") or ""),
        "backend": str(metadata.get("backend", "")),
        "method": _method(metadata),
        **({"shots": str(results["shots"])} if results["shots"] else {}),
        "seed": str(provenance.get("seed", "")),
        "points": _points_done(results),
        "time": f"{results['execution_time_sec']:.3g} s",
    }
    if "noise_model" in metadata:
        facts["noise"] = metadata["noise_model"]
    if "transpilation" in metadata:
        facts["transpiled"] = _TRANSPILED.format(**metadata["transpilation"])
    if "estimation" in metadata:
        facts["values"] = f"{metadata['estimation']['kind']}: {metadata['estimation']['reason']}"
    if "verification" in metadata:
        facts["verified"] = _verdict(metadata["verification"])
    return facts


def _method(metadata: Mapping[str, Any]) -> str:
    """Return how it was simulated, and why that way where the device says so."""
    reason = metadata.get("engine_reason") or metadata.get("method_reason")
    method = str(metadata.get("method", ""))
    return f"{method}: {reason}" if reason else method


def _verdict(verification: Mapping[str, Any]) -> str:
    impossible = sorted({bits for one in verification["points"] for bits in one["impossible"]})
    if impossible:
        return f"WRONG: {', '.join(impossible[:4])} cannot come from this circuit"
    judged = "as they should be" if verification["p_value"] >= UNLIKELY else "UNLIKELY from this circuit without noise"
    return f"p = {verification['p_value']:.3g}: counts {judged}"


def _show_counts(results: Mapping[str, Any]) -> None:
    counts: Mapping[str, int] = results["counts"]
    if not counts:
        return
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    shown = ordered[:MOST_ON_TERMINAL] if is_terminal(sys.stdout) else ordered
    emit("")
    show_table(
        [Column("outcome"), Column("count", is_number=True), Column("share", is_number=True)],
        [(bits, str(count), f"{count / results['shots']:.2%}") for bits, count in shown],
    )
    if len(shown) < len(ordered):
        note(f"and {len(ordered) - len(shown)} more outcomes; --json prints all")


def _show_optimizer(found: Mapping[str, Any]) -> None:
    """Print what a loop came to: the least value, why it ended, its curve, and the parameters."""
    if not found:
        return
    starts = len(found.get("starts", ()))
    facts = {
        "least value": _with_error({"value": found["fun"], "std_error": found["std_error"]}),
        "optimizer": found["method"],
        "evaluations": f"{found['nfev']}" + (f", {found['njev']} with gradients" if found["njev"] else ""),
        "starts": f"{starts}, the best is number {found['start']}" if starts else "",
        "ended": found["message"],
        "curve": sparkline([value for _, value in found["history"]], width=_CURVE_WIDTH)
        if is_terminal(sys.stdout)
        else "",
    }
    emit("")
    show_facts(facts)
    emit("")
    columns = [Column("parameter"), Column("value", is_number=True)]
    show_table(columns, [(name, repr(value)) for name, value in found["x"].items()])


def _show_expectation_values(results: Mapping[str, Any]) -> None:
    values: Mapping[str, Mapping[str, float]] = results.get("expectation_values") or {}
    if values:
        emit("")
        show_table(
            [Column("observable"), Column("value", is_number=True), Column("std error", is_number=True)],
            [(name, repr(one["value"]), f"{one['std_error']:.2g}") for name, one in values.items()],
        )


def _show_points(results: Mapping[str, Any]) -> None:
    """Print a line for each point: its parameters, each observable's value ± error, and its likeliest outcome."""
    points: Sequence[Mapping[str, Any]] = results.get("results") or ()
    if not points:
        return
    shown = points[:MOST_ON_TERMINAL] if is_terminal(sys.stdout) else points
    parameters, observables, has_counts = points[0]["binding"], points[0]["expectation_values"], points[0]["counts"]
    emit("")
    show_table(
        [
            *(Column(name, is_number=True) for name in parameters),
            *(Column(f"⟨{name}⟩", is_number=True) for name in observables),
            *([Column("likeliest outcome"), Column("share", is_number=True)] if has_counts else []),
        ],
        [
            (
                *(f"{value:.6g}" for value in one["binding"].values()),
                *(_with_error(value) for value in one["expectation_values"].values()),
                *(_likeliest(one["counts"]) if has_counts else ()),
            )
            for one in shown
        ],
    )
    if len(shown) < len(points):
        note(f"and {len(points) - len(shown)} more points; --json prints all")


def _with_error(estimate: Mapping[str, float]) -> str:
    value, error = estimate["value"], estimate["std_error"]
    return f"{value:.6g} ± {error:.2g}" if error else f"{value:.10g}"


def _likeliest(counts: Mapping[str, int]) -> tuple[str, str]:
    bits, count = min(counts.items(), key=lambda one: (-one[1], one[0]))
    return bits, f"{count / sum(counts.values()):.2%}"


def _show_outputs(results: Mapping[str, Any]) -> None:
    outputs: Mapping[str, Any] = results.get("outputs") or {}
    if outputs:
        emit("")
        show_table(
            [Column("output"), Column("value")],
            [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in outputs.items()],
        )
