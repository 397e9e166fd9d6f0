"""Hybrid loops: evaluations a second of the whole loop, with everything that a job is, beside the loops of others.

Ours is a job: submitted, compiled, run with every evaluation in its journal, its results durable; 2,000, 1,000 and 200
evaluations, fewer where COBYLA converges. A peer's is its energy in a loop of the same COBYLA (NLopt's), and, as its
users have it, of SciPy's, for as many evaluations as fit into the time. All begin at the same point. Gradients are
milliseconds of a value with its gradient: ours is a step of Adam in a job, a peer's the bare call. Everything has one
thread, which is the fastest at these sizes.

Rows are measured in turns, round by round; a figure is the median of the rounds. Where somebody's energy is not ours at
the start, it is said and the row is left out.

Usage: `python benchmarks/loops.py [--rounds N] [--seconds S] [--targets sim:qulacs …] [--only TEXT] [--write FILE]`
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

os.environ.update({"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

import nlopt  # behind the threads' variables, which libraries read when they are imported
import numpy as np
from scipy.optimize import minimize

import eigen
from loop_peers import ENERGIES, GRADIENTS, SHOTS, Workload

_PACKAGES = ("qulacs", "qiskit", "qiskit-aer", "pennylane-lightning", "cudaq", "qiskit-algorithms", "nlopt", "scipy")


def _ising(qubits: int) -> Workload:
    chain = [("I" * (qubits - 2 - at) + "ZZ" + "I" * at, -1.0) for at in range(qubits - 1)]
    field = [("I" * (qubits - 1 - at) + "X" + "I" * at, -1.0) for at in range(qubits)]
    return Workload(f"Ising {qubits}", qubits, (*chain, *field))


HYDROGEN = Workload(
    "H2, 2 qubits",
    2,
    (
        ("II", -1.052373245772859),
        ("IZ", 0.39793742484318045),
        ("ZI", -0.39793742484318045),
        ("ZZ", -0.01128010425623538),
        ("XX", 0.18093119978423156),
    ),
)
EVALUATIONS = {2: 2_000, 8: 1_000, 14: 200}
WORKLOADS = (HYDROGEN, _ising(8), _ising(14))

Row = Callable[[], float]
"""Measures once: evaluations a second, or milliseconds of a gradient."""


def ours(client: eigen.Client, work: Workload, *, target: str, is_sampled: bool, method: str) -> float:
    """Return evaluations a second of a whole job."""
    most = EVALUATIONS[work.qubits]
    arguments = f"method={method!r}, tol=1e-14, max_iters={most}, max_evals={most}"
    began = time.perf_counter()
    job = client.submit(work.program(arguments), target=target, seed=1, shots=SHOTS if is_sampled else None)
    found = job.results().optimizer
    return float(found["nfev"] / (time.perf_counter() - began))


def our_gradient(client: eigen.Client, work: Workload, *, target: str, evaluations: int) -> float:
    """Return milliseconds of a gradient in a whole job."""
    arguments = f"method='ADAM', tol=1e-14, max_evals={evaluations}"
    began = time.perf_counter()
    found = client.submit(work.program(arguments), target=target, seed=1).results().optimizer
    return float(1e3 * (time.perf_counter() - began) / found["nfev"])


def theirs(energy: Callable[[Any], float], work: Workload, *, library: str, evaluations: int) -> float:
    """Return evaluations a second of a loop over somebody's energy."""
    calls = 0

    def value(x: Any, _gradient: Any = None) -> float:
        nonlocal calls
        calls += 1
        return energy(np.array(x))

    began = time.perf_counter()
    if library == "NLopt":
        optimizer = nlopt.opt(nlopt.LN_COBYLA, work.parameters)
        optimizer.set_min_objective(value)
        optimizer.set_initial_step(1.0)
        optimizer.set_xtol_abs(1e-14)
        optimizer.set_maxeval(evaluations)
        optimizer.optimize(np.array(work.start))
    else:
        minimize(value, work.start, method="COBYLA", tol=1e-14, options={"maxiter": evaluations})
    return calls / (time.perf_counter() - began)


def gradient_ms(gradient: Callable[[Any], Any], work: Workload, *, repeats: int) -> float:
    """Return milliseconds of somebody's value and gradient."""
    x = np.array(work.start)
    began = time.perf_counter()
    for _ in range(repeats):
        gradient(x)
    return 1e3 * (time.perf_counter() - began) / repeats


def loop_rows(
    client: eigen.Client, work: Workload, *, is_sampled: bool, targets: Sequence[str], seconds: float
) -> Iterator[tuple[str, Row]]:
    """Yield what is measured, ours first."""
    exact = _exact_start(work)
    for target in targets:
        one = client.submit(work.program("max_evals=1"), target=target).results().optimizer
        _check(f"Eigen OS, {target}", one["fun"], exact, tolerance=1e-9)
        for method in ("SPSA", "COBYLA"):
            yield (
                f"**Eigen OS, {target}**, {method} in a job",
                lambda target=target, method=method: ours(  # type: ignore[misc]  # bound now, not when it is called
                    client, work, target=target, is_sampled=is_sampled, method=method
                ),
            )
    for name, make in ENERGIES[is_sampled].items():
        energy = make(work)
        if not _check(name, energy(np.array(work.start)), exact, tolerance=1.0 if is_sampled else 1e-6):
            continue
        for library in ("NLopt", "SciPy"):
            number = _number(theirs(energy, work, library=library, evaluations=work.parameters + 5), seconds)
            yield (
                f"{name}, {library}'s COBYLA",
                lambda energy=energy, library=library, number=number: theirs(  # type: ignore[misc]
                    energy, work, library=library, evaluations=number
                ),
            )


def gradient_rows(
    client: eigen.Client, work: Workload, *, targets: Sequence[str], seconds: float
) -> Iterator[tuple[str, Row]]:
    """Yield what is measured, ours first."""
    for target in targets:
        number = EVALUATIONS[work.qubits] // 10
        yield (
            f"**Eigen OS, {target}**, {number} steps of Adam in a job",
            lambda target=target, number=number: our_gradient(  # type: ignore[misc]
                client, work, target=target, evaluations=number
            ),
        )
    for name, make in GRADIENTS.items():
        gradient = make(work)
        number = _number(1e3 / gradient_ms(gradient, work, repeats=1), seconds)
        yield (
            name,
            lambda gradient=gradient, number=number: gradient_ms(gradient, work, repeats=number),  # type: ignore[misc]
        )


def _number(per_second: float, seconds: float) -> int:
    return max(3, min(20_000, int(per_second * seconds)))


def _exact_start(work: Workload) -> float:
    """Return the energy at the start, by matrices of NumPy."""
    size = 1 << work.qubits
    state, indices = np.zeros(size), np.arange(size)
    state[0] = 1.0
    for place, angle in enumerate(work.start):
        qubit = place % work.qubits
        cos, sin = np.cos(angle / 2), np.sin(angle / 2)
        is_one = indices >> qubit & 1
        state = cos * state + np.where(is_one, sin, -sin) * state[indices ^ (1 << qubit)]
        if qubit == work.qubits - 1:
            for control in range(work.qubits - 1):
                state = state[indices ^ ((indices >> control & 1) << control + 1)]
    energy = 0.0
    for value, support in work.supports():
        flips = sum(1 << qubit for letter, qubit in support if letter == "X")
        signs = sum(1 << qubit for letter, qubit in support if letter == "Z")
        parity = 1 - 2 * (np.bitwise_count(indices & signs).astype(int) & 1)
        energy += value * float(state @ (parity * state[indices ^ flips]))
    return energy


def _check(name: str, value: float, exact: float, *, tolerance: float) -> bool:
    if abs(value - exact) > tolerance:
        print(f"{name} has {value} at the start, not {exact}")
        return False
    return True


def measured(rows: Sequence[tuple[str, Row]], rounds: int) -> dict[str, float]:
    """Return the median of each row over the rounds, the rows in turns."""
    found: dict[str, list[float]] = {name: [] for name, _ in rows}
    for _ in range(rounds):
        for name, row in rows:
            found[name].append(row())
    return {name: statistics.median(values) for name, values in found.items()}


def tables(*, rounds: int, seconds: float, targets: Sequence[str], only: str) -> Iterator[str]:
    """Yield the tables, each when it is measured."""
    with tempfile.TemporaryDirectory() as root, eigen.Client(root=root) as client:
        for work in WORKLOADS:
            kinds: dict[str, Callable[[], Iterator[tuple[str, Row]]]] = {
                f"{work.name}, exact: evaluations a second": lambda work=work: loop_rows(  # type: ignore[misc]
                    client, work, is_sampled=False, targets=targets, seconds=seconds
                ),
                f"{work.name}, {SHOTS} shots: evaluations a second": lambda work=work: loop_rows(  # type: ignore[misc]
                    client, work, is_sampled=True, targets=targets, seconds=seconds
                ),
                f"{work.name}, {work.parameters} parameters: ms of a value and gradient": (
                    lambda work=work: gradient_rows(client, work, targets=targets, seconds=seconds)  # type: ignore[misc]
                ),
            }
            for title, rows in kinds.items():
                if only in title:
                    yield _table(title, measured(list(rows()), rounds), is_rate="a second" in title)


def _table(title: str, found: Mapping[str, float], *, is_rate: bool) -> str:
    first = next(iter(found.values()))
    lines = [f"## {title}", "", "| | | the first row is so many times as fast |", "|---|---:|---:|"]
    for name, value in found.items():
        times = first / value if is_rate else value / first
        lines.append(f"| {name} | {value:{',.0f' if value >= 1000 else '.3g'}} | {times:.2f} |")
    return "\n".join(lines) + "\n"


def _head() -> str:
    def known(name: str) -> str:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return ""

    packages = ", ".join(filter(None, map(known, _PACKAGES)))
    return (
        f"# Hybrid loops\n\n{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}; {packages}.\n"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long a row takes in a round")
    parser.add_argument("--targets", nargs="+", default=["sim:qulacs", "sim:local"])
    parser.add_argument("--only", default="", metavar="TEXT", help="only tables whose titles hold this")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    parts = [_head()]
    print(parts[0])
    for table in tables(
        rounds=arguments.rounds, seconds=arguments.seconds, targets=arguments.targets, only=arguments.only
    ):
        parts.append(table)
        print(table, flush=True)
    if arguments.write:
        arguments.write.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
