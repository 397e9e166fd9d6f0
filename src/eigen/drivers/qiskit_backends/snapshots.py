"""IBM's machines as they once were: the snapshots in `qiskit-ibm-runtime`, read as files, without importing it.

Each is a folder `fake_provider/backends/<name>` with `__init__.py`, which names the class, `conf_<name>.json` (qubits,
couplings, gates) and `props_<name>.json` (lifetimes and errors of one day). Loading the package takes seconds; these
files take a millisecond for all machines.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eigen.drivers.qiskit_backends.description import QiskitBackend
from eigen.drivers.simulator.installation import usable_cores

__all__ = ["calibration", "snapshots"]

_PACKAGE = "qiskit_ibm_runtime.fake_provider.backends"
_DISTRIBUTIONS = ("qiskit", "qiskit-aer", "qiskit-ibm-runtime")
_QUBITS = re.compile(rb'"n_qubits":\s*([0-9]+)')
_PAIRS = re.compile(rb'"coupling_map":\s*(\[(?:\[\d+,\s*\d+\][,\s]*)+\])')
_CLASS = re.compile(r"from \.\w+ import (\w+)")
_UNITS = {"us": 1e-6, "ns": 1e-9, "ms": 1e-3, "s": 1.0}


def snapshots() -> dict[str, QiskitBackend]:
    """Return every machine by its device's id; none where the package is not installed. Blocks for a moment."""
    folder = _folder()
    if folder is None:
        return {}
    found = (_snapshot(one) for one in sorted(folder.iterdir()) if (one / f"conf_{one.name}.json").is_file())
    return {one.device_id: one for one in found if one is not None}


def calibration(name: str) -> dict[str, Any]:
    """Return what was measured of a machine: couplings, gates, and medians of lifetimes and errors. Blocks.

    Returns:
        `basis_gates`, `coupling_map` (pairs of qubits), `calibrated_at`, `t1_sec` and `t2_sec`, `readout_error`,
        `gate_errors` by gate; medians over all qubits or pairs, and only those that are known.
    """
    folder = _folder()
    if folder is None:
        return {}
    machine = json.loads((folder / name / f"conf_{name}.json").read_bytes())
    measured = json.loads((folder / name / f"props_{name}.json").read_bytes())
    facts = {
        "basis_gates": machine["basis_gates"],
        "coupling_map": machine.get("coupling_map"),
        "calibrated_at": str(measured.get("last_update_date", "")),
        "t1_sec": _median(_of_qubits(measured, "T1")),
        "t2_sec": _median(_of_qubits(measured, "T2")),
        "readout_error": _median(_of_qubits(measured, "readout_error")),
        "gate_errors": _gate_errors(measured),
    }
    return {key: value for key, value in facts.items() if value}


def _folder() -> Path | None:
    """Return where the snapshots are; finding a top-level package does not import it."""
    spec = find_spec("qiskit_ibm_runtime")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0], "fake_provider", "backends")
    return folder if folder.is_dir() else None


def _snapshot(folder: Path) -> QiskitBackend | None:
    machine = (folder / f"conf_{folder.name}.json").read_bytes()
    qubits = _QUBITS.search(machine)
    class_name = _CLASS.search((folder / "__init__.py").read_text("utf-8"))
    if qubits is None or class_name is None:
        return None
    return QiskitBackend(
        device_id=f"fake:{folder.name}",
        description=f"IBM's machine {folder.name} as it once was, simulated here with its couplings and its noise",
        path=f"{_PACKAGE}.{folder.name}:{class_name[1]}",
        distributions=_DISTRIBUTIONS,
        num_qubits=int(qubits[1]),
        slots=usable_cores(),
        connectivity=_pairs(machine),
        is_noisy=True,
        mid_circuit_measurement=True,
        feed_forward=b'"if_else"' in machine,
        reset=b'"reset"' in machine,
    )


def _pairs(machine: bytes) -> tuple[tuple[int, int], ...] | None:
    """Return a machine's pairs of qubits, the lower first; a machine of one qubit has none."""
    found = _PAIRS.search(machine)
    return tuple(sorted({(a, b) if a < b else (b, a) for a, b in json.loads(found[1])})) if found else None


def _of_qubits(measured: Mapping[str, Any], name: str) -> Iterator[float]:
    for qubit in measured["qubits"]:
        yield from (one["value"] * _UNITS.get(one["unit"], 1.0) for one in qubit if one["name"] == name)


def _gate_errors(measured: Mapping[str, Any]) -> dict[str, float]:
    errors: dict[str, list[float]] = {}
    for gate in measured["gates"]:
        values = [one["value"] for one in gate["parameters"] if one["name"] == "gate_error"]
        errors.setdefault(gate["gate"], []).extend(values)
    return {name: statistics.median(values) for name, values in sorted(errors.items()) if values}


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None
