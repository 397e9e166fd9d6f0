"""What a backend says of itself: its gates, couplings, lifetimes and errors. Runs in a worker.

Lifetimes and errors are medians over all qubits, or pairs of them, that the backend knows a figure of.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

__all__ = ["calibration_of"]

_MEASURE = "measure"


def calibration_of(backend: Any) -> dict[str, Any]:
    """Return what a `BackendV2` says of itself now, only what it knows.

    Returns:
        `basis_gates`, `coupling_map` (pairs of qubits), `calibrated_at`, `t1_sec` and `t2_sec`, `readout_error`,
        `gate_errors` by gate.
    """
    target = backend.target
    coupled = target.build_coupling_map()
    qubits = [one for one in target.qubit_properties or () if one is not None]
    errors = {name: _median(_errors(target, name)) for name in sorted(target.operation_names)}
    facts = {
        "basis_gates": sorted(target.operation_names),
        "coupling_map": sorted([low, high] for low, high in coupled.get_edges()) if coupled is not None else None,
        "calibrated_at": _calibrated_at(backend),
        "t1_sec": _median(one.t1 for one in qubits),
        "t2_sec": _median(one.t2 for one in qubits),
        "readout_error": errors.pop(_MEASURE, None),
        "gate_errors": {name: error for name, error in errors.items() if error is not None},
    }
    return {key: value for key, value in facts.items() if value}


def _errors(target: Any, name: str) -> Iterable[float | None]:
    return (getattr(one, "error", None) for one in (target[name] or {}).values())


def _calibrated_at(backend: Any) -> str:
    """Return when the figures were measured, which machines of IBM say."""
    measured = backend.properties() if callable(getattr(backend, "properties", None)) else None
    return str(getattr(measured, "last_update_date", "") or "")


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
