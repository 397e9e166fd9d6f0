"""One Bell job of 1,024 shots, as a job of Eigen OS and as bare Qiskit; and how long the command line takes.

Rows are measured in turns within one run: round k of every row comes before round k + 1 of any. A row's figure is the
median over the rounds of the mean time of one job in a round. Commands are measured by the clock and by the processor
time of their processes, which a busy machine changes less; their modules are compiled, as those of an installation.

Usage: `python benchmarks/linear_job.py [--rounds N] [--write FILE]`
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
from anyio.from_thread import start_blocking_portal

import eigen

SHOTS = 1024
BELL = f"""
@hybrid_program(target="sim:local", shots={SHOTS})
def main():
    h(0)
    cx(0, 1)
    measure_all()
"""
JOB = Path(__file__).parent.parent / "examples" / "bell" / "job.yaml"
IN_FLIGHT = 200
IMPORTS = "import typer and rich"


def bell() -> Any:
    """Return the Bell circuit as Qiskit writes it."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def bare_aer(jobs: int) -> Callable[[], None]:
    """Return a loop of `AerSimulator.run` on a circuit that is built once, one thread, no transpilation."""
    from qiskit_aer import AerSimulator

    simulator, circuit = AerSimulator(method="statevector", max_parallel_threads=1), bell()

    def loop() -> None:
        for seed in range(jobs):
            counts = simulator.run(circuit, shots=SHOTS, seed_simulator=seed).result().get_counts()
            assert sum(counts.values()) == SHOTS

    return loop


def naive_qiskit(jobs: int) -> Callable[[], None]:
    """Return a loop that builds, transpiles and runs, as the tutorials do."""
    from qiskit import transpile
    from qiskit_aer import AerSimulator

    def loop() -> None:
        for seed in range(jobs):
            simulator = AerSimulator()
            result = simulator.run(transpile(bell(), simulator), shots=SHOTS, seed_simulator=seed).result()
            assert sum(result.get_counts().values()) == SHOTS

    return loop


async def one_at_a_time(client: eigen.AsyncClient, jobs: int) -> None:
    """Submit a job, wait for its results, submit the next."""
    for seed in range(jobs):
        job = await client.submit(BELL, seed=seed)
        assert (await job.results()).shots == SHOTS


async def all_at_once(client: eigen.AsyncClient, jobs: int) -> None:
    """Submit all jobs, then wait for all."""

    async def one(seed: int) -> None:
        job = await client.submit(BELL, seed=seed)
        assert (await job.results()).shots == SHOTS

    async with anyio.create_task_group() as tasks:
        for seed in range(jobs):
            tasks.start_soon(one, seed)


def python(*words: str, home: str) -> Callable[[], None]:
    """Return a run of Python in a process of its own; its bytecode is kept below `home`."""
    variables = {**os.environ, "EIGEN_HOME": home, "PYTHONPYCACHEPREFIX": f"{home}/bytecode"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> None:
        subprocess.run(
            [sys.executable, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables
        )

    return run


def commands(home: str) -> dict[str, tuple[int, Callable[[], None]]]:
    """Return rows of commands; the first one imports typer and rich, which a command line on them has to as well."""
    lines = {"eigen run (Bell)": ("run", str(JOB)), "eigen submit (Bell)": ("submit", "--job", str(JOB))}
    for words in (("--help",), ("status", "@last"), ("jobs",), ("results", "@last")):
        lines[f"eigen {' '.join(words)}"] = words
    return {
        IMPORTS: (1, python("-c", "import typer, rich.console, rich.table", home=home)),
        **{name: (1, python("-m", "eigen", *words, home=home)) for name, words in lines.items()},
    }


def children_sec() -> float:
    """Return the processor time of all processes that this one has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(
    rows: dict[str, tuple[int, Callable[[], None]]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return the median time of one job in ms for each row, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, (jobs, run) in rows.items():
            began = clock()
            run()
            if number:
                times[name].append((clock() - began) * 1000 / jobs)
    return {name: statistics.median(one) for name, one in times.items()}


def table(title: str, figures: dict[str, float], base: str) -> list[str]:
    """Return a Markdown table of times and of their ratio to one of the rows."""
    lines = [f"## {title}", "", f"| what | ms | × {base} |", "|---|---:|---:|"]
    lines += [f"| {name} | {ms:.2f} | {ms / figures[base]:.2f} |" for name, ms in figures.items()]
    return [*lines, ""]


def machine() -> list[str]:
    """Return what the figures were measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("eigen-os", "qiskit", "qiskit-aer", "anyio"))
    return [
        "# One linear job",
        "",
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}; {versions}.",
        "",
    ]


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=7, help="counted rounds")
    arguments.add_argument("--write", type=Path, help="also write the table to this file")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as root, start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(eigen.AsyncClient(root=root)) as client:
            jobs = {
                "bare AerSimulator.run": (50, bare_aer(50)),
                "transpile + run": (5, naive_qiskit(5)),
                "Eigen OS, one at a time": (50, lambda: portal.call(one_at_a_time, client, 50)),
                f"Eigen OS, {IN_FLIGHT} in flight": (IN_FLIGHT, lambda: portal.call(all_at_once, client, IN_FLIGHT)),
            }
            in_process = measure(jobs, given.rounds)
        start_up = measure(commands(root), given.rounds)
        processor = measure(commands(root), given.rounds, children_sec)
    lines = [
        *machine(),
        *table("One Bell job of 1,024 shots, warm", in_process, "bare AerSimulator.run"),
        *table("The command line, cold", start_up, IMPORTS),
        *table("The command line, processor time", processor, IMPORTS),
    ]
    print("\n".join(lines))
    if given.write:
        given.write.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
