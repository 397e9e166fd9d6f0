"""A parameter swept through N points: as one job, as N jobs one after the other, and as N jobs in flight.

Counts of a four-qubit circuit with 1,024 shots, and exact and sampled energies of hydrogen. Everything is durable when
it is timed: a sweep and the jobs alike have their results on disk. Rows are measured in turns, the fastest one first.

Usage: `python benchmarks/sweeps.py [--points N] [--write FILE]`
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path

import anyio

import eigen

COUNTS = """
@hybrid_program(seed=1, shots=1024)
def main(theta: Param = 0.1):
    q = QubitRegister(4)
    for a, b in zip(q, q[1:]):
        ry(a, theta)
        cx(a, b)
    measure(q)
"""
ENERGY = (Path(__file__).parent.parent / "examples" / "hydrogen_curve" / "program.eigen.py").read_text()

Work = Callable[[eigen.AsyncClient, str, list[float], int | None], Awaitable[None]]


async def one_sweep(client: eigen.AsyncClient, source: str, angles: list[float], shots: int | None) -> None:
    """Run all points as one job."""
    results = await (await client.submit(source, sweep={"theta": angles}, shots=shots)).results()
    if len(results.results) != len(angles):
        raise SystemExit("a point is missing")


async def one_by_one(client: eigen.AsyncClient, source: str, angles: list[float], shots: int | None) -> None:
    """Run a job for each point, each after the one before."""
    for angle in angles:
        await (await client.submit(source, inputs={"theta": angle}, shots=shots)).results()


async def in_flight(client: eigen.AsyncClient, source: str, angles: list[float], shots: int | None) -> None:
    """Run a job for each point, all at once."""

    async def run(angle: float) -> None:
        await (await client.submit(source, inputs={"theta": angle}, shots=shots)).results()

    async with anyio.create_task_group() as tasks:
        for angle in angles:
            tasks.start_soon(run, angle)


ROWS: dict[str, Work] = {"one sweep": one_sweep, "jobs in flight": in_flight, "jobs one by one": one_by_one}
KINDS: dict[str, tuple[str, int | None]] = {
    "counts, 4 qubits, 1,024 shots": (COUNTS, None),
    "hydrogen, exact": (ENERGY, None),
    "hydrogen, 4,096 shots": (ENERGY, 4096),
}


async def measured(points: int) -> dict[str, dict[str, float]]:
    """Return the seconds of each row for each kind of job."""
    angles = [index / points for index in range(points)]
    seconds: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as root:
        async with eigen.AsyncClient(root=root) as client:
            for kind, (source, shots) in KINDS.items():
                await one_sweep(client, source, angles[:2], shots)  # the worker's imports
                for row, work in ROWS.items():
                    began = time.perf_counter()
                    await work(client, source, angles, shots)
                    seconds.setdefault(row, {})[kind] = time.perf_counter() - began
    return seconds


def page(seconds: dict[str, dict[str, float]], *, points: int) -> str:
    """Return the table."""
    base = seconds["one sweep"]
    lines = [
        f"# {points} points",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python "
        f"{platform.python_version()}, qiskit-aer {version('qiskit-aer')}. Seconds, and how often the sweep's.",
        "",
        "| | " + " | ".join(KINDS) + " |",
        "|---|" + "---|" * len(KINDS),
    ]
    for row, of_kind in seconds.items():
        cells = [f"{of_kind[kind]:.2f} ({of_kind[kind] / base[kind]:.1f}×)" for kind in KINDS]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    text = page(anyio.run(measured, arguments.points), points=arguments.points)
    print(text, end="")
    if arguments.write:
        arguments.write.write_text(text)


if __name__ == "__main__":
    main()
