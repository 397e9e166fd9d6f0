"""QAOA for MaxCut on rings and on 3-regular graphs without triangles: the share of edges cut; the README's table."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import eigen

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tables import write_table  # noqa: E402  # it lies beside the examples' folders

Edges = list[list[int]]


def ring(size: int) -> Edges:
    """Return the edges of a ring."""
    return [[one, (one + 1) % size] for one in range(size)]


def generalized_petersen(size: int, step: int) -> Edges:
    """Return the edges of GP(size, step): the cube is GP(4, 1), Petersen's graph GP(5, 2)."""
    spokes = [[one, one + size] for one in range(size)]
    return [*ring(size), *spokes, *([size + one, size + (one + step) % size] for one in range(size))]


def heawood() -> Edges:
    """Return the edges of Heawood's graph, 3-regular with a shortest cycle of six."""
    return [*ring(14), *([one, (one + 5) % 14] for one in range(0, 14, 2))]


AT_ONE_LAYER = 0.5 + 1 / (3 * math.sqrt(3))
CASES: dict[str, tuple[Edges, int, float]] = {
    **{f"ring of 10, p = {p}": (ring(10), p, (2 * p + 1) / (2 * p + 2)) for p in (1, 2, 3)},
    "cube, p = 1": (generalized_petersen(4, 1), 1, AT_ONE_LAYER),
    "Petersen's graph, p = 1": (generalized_petersen(5, 2), 1, AT_ONE_LAYER),
    "Heawood's graph, p = 1": (heawood(), 1, AT_ONE_LAYER),
}
"""Name to edges, layers, and the published share of edges cut."""


def shares(client: eigen.Client, names: Iterable[str] = CASES, **options: Any) -> dict[str, float]:
    """Return the share of edges that the optimized circuit cuts, by case."""
    jobs = {}
    for name in names:
        edges, layers, _ = CASES[name]
        jobs[name] = client.submit(HERE / "job.yaml", inputs={"edges": edges, "layers": layers}, **options)
    return {name: -job.results().outputs["negative_cut"] / len(CASES[name][0]) for name, job in jobs.items()}


if __name__ == "__main__":
    with eigen.Client() as client:
        found = shares(client)
    lines = [(name, f"{share:.6f}", f"{CASES[name][2]:.6f}") for name, share in found.items()]
    print(write_table(__file__, ("", "share of edges cut", "published"), lines))
