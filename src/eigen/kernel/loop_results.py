"""What a loop leaves: its journal as one artifact, and what `results.json` says of it. Pure.

Everything is made of the journals and the outcomes, so that a loop that was killed on the way leaves the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from eigen.optimization.evaluations import read_entries

if TYPE_CHECKING:
    from eigen.contracts.loops import LoopOutcome, LoopTask

__all__ = ["HISTORY_LENGTH", "best_outcome", "journal_of", "optimizer_of", "stopped_optimizer_of"]

HISTORY_LENGTH = 1_000
"""Most evaluations in the `history` of the results; the journal has all of them."""


def journal_of(journals: Sequence[bytes]) -> bytes:
    """Return the journals of all starts as one, in order, without a last line that was cut off."""
    return b"".join(content[: content.rfind(b"\n") + 1] for content in journals)


def best_outcome(outcomes: Sequence[LoopOutcome]) -> int:
    """Return the number of the start that came to the least value, the first of equal ones."""
    return min(range(len(outcomes)), key=lambda start: (outcomes[start].fun, start))


def optimizer_of(
    tasks: Sequence[LoopTask], outcomes: Sequence[LoopOutcome], journals: Sequence[bytes], parameters: Sequence[str]
) -> dict[str, Any]:
    """Return what the results say of a loop that has ended.

    Args:
        tasks: Its starts.
        outcomes: What each of them came to.
        journals: The journal of each.
        parameters: Names of the circuit's parameters.
    """
    start = best_outcome(outcomes)
    task, one = tasks[start], outcomes[start]
    return {
        "fun": one.fun,
        "std_error": one.std_error,
        "x": dict(zip(parameters, one.x, strict=True)),
        "method": task.method,
        "nfev": sum(each.nfev for each in outcomes),
        "njev": sum(each.njev for each in outcomes),
        "nit": one.nit,
        "success": one.success,
        "message": one.message,
        "start": start,
        "evaluation": one.evaluation,
        "metadata": _metadata(task) | dict(one.metadata),
        "history": _history(journals[start].splitlines()),
        **({"starts": [_brief(each, parameters) for each in outcomes]} if len(tasks) > 1 else {}),
    }


def stopped_optimizer_of(
    tasks: Sequence[LoopTask], journals: Sequence[bytes], parameters: Sequence[str], *, why: str
) -> dict[str, Any]:
    """Return what the results say of a loop that was stopped: the best evaluation so far; empty where there is none.

    Args:
        tasks: Its starts.
        journals: The journals that there are, of the first starts.
        parameters: Names of the circuit's parameters.
        why: What stopped it.
    """
    of_starts = [read_entries(content) for content in journals]
    entries = [entry for of_start in of_starts for entry in of_start]
    if not entries:
        return {}
    best = min(entries, key=lambda entry: (entry.evaluation.value, entry.start, entry.number))
    task = tasks[best.start]
    return {
        "fun": best.evaluation.value,
        "std_error": best.evaluation.std_error,
        "x": dict(zip(parameters, best.x, strict=True)),
        "method": task.method,
        "nfev": len(entries),
        "njev": sum(entry.evaluation.gradient is not None for entry in entries),
        "nit": 0,
        "success": False,
        "message": f"{why}; this is the best evaluation until then",
        "start": best.start,
        "evaluation": best.number,
        "metadata": _metadata(task),
        "history": _history([entry.to_line() for entry in entries if entry.start == best.start]),
    }


def _metadata(task: LoopTask) -> dict[str, Any]:
    shots = {"shots": task.shots} if task.is_sampled and task.precision is None else {}
    return {"seed": task.seed, "values": "sampled" if task.is_sampled else "exact", **shots}


def _brief(one: LoopOutcome, parameters: Sequence[str]) -> Mapping[str, Any]:
    return {
        "fun": one.fun,
        "x": dict(zip(parameters, one.x, strict=True)),
        "nfev": one.nfev,
        "success": one.success,
        "message": one.message,
    }


def _history(lines: Sequence[bytes]) -> list[list[float]]:
    """Return (evaluation, value) of some lines, evenly, the last one among them."""
    stride = -(-len(lines) // HISTORY_LENGTH) or 1
    shown = list(lines[::stride])
    if lines:
        shown[-1] = lines[-1]
    return [[one["evaluation"], one["value"]] for one in map(json.loads, shown)]
