"""Processor time of a call of a primitive, ours beside Qiskit's and Aer's: `python benchmarks/primitives.py`.

Calls are interleaved, so that a busy machine is busy for all; worker processes are included.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from qiskit.circuit.library import real_amplitudes
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.primitives import EstimatorV2, SamplerV2

import eigen
from eigen.primitives import EigenEstimator, EigenSampler

ROUNDS = 3
HAMILTONIAN = SparsePauliOp(["IIII", "IIIZ", "ZIII", "IZZI", "XXII"], [-1.05, 0.39, -0.39, -0.01, 0.18])
CIRCUIT = real_amplitudes(4, reps=2)
MEASURED = CIRCUIT.measure_all(inplace=False)


def main() -> None:
    """Print milliseconds for a call and each point."""
    with tempfile.TemporaryDirectory() as root, eigen.Client(root) as client:
        estimators = {"eigen": EigenEstimator(client), "qiskit": StatevectorEstimator(), "aer": EstimatorV2()}
        samplers = {"eigen": EigenSampler(client), "qiskit": StatevectorSampler(), "aer": SamplerV2()}
        _show("estimator, 1 point", estimators, lambda one: one.run([(CIRCUIT, HAMILTONIAN, _values())]), calls=50)
        _show("sampler, 1 point, 100 shots", samplers, lambda one: one.run([(MEASURED, _values(), 100)]), calls=50)
        _show("estimator, 1000 points", estimators, lambda one: one.run([(CIRCUIT, HAMILTONIAN, _values(1000))]))
        _show("sampler, 1000 points, 100 shots", samplers, lambda one: one.run([(MEASURED, _values(1000), 100)]))


def _values(*shape: int) -> Any:
    return np.random.default_rng().normal(size=(*shape, CIRCUIT.num_parameters))


def _show(title: str, primitives: Mapping[str, Any], run: Callable[[Any], Any], *, calls: int = 1) -> None:
    least = dict.fromkeys(primitives, float("inf"))
    for _ in range(ROUNDS):
        for name, primitive in primitives.items():
            before = _processor_sec()
            for _ in range(calls):
                run(primitive).result()
            least[name] = min(least[name], (_processor_sec() - before) / calls)
    figures = ", ".join(f"{name} {1e3 * sec:.2f} ms ({least['eigen'] / sec:.2g})" for name, sec in least.items())
    print(f"{title}: {figures}")


def _processor_sec() -> float:
    """Return the time of this process and of all that it has started (Linux)."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            stats[int(path.parent.name)] = path.read_text(encoding="ascii").rpartition(")")[2].split()
    ours = {os.getpid()}
    while more := {pid for pid, fields in stats.items() if int(fields[1]) in ours} - ours:
        ours |= more
    return sum(int(tick) for pid in ours for tick in stats[pid][11:13]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
