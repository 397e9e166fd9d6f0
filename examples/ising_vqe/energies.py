"""Ground energies of the transverse-field Ising chain, and the README's table."""

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

SIZES = (4, 6, 8)


def exact(sites: int) -> float:
    """Return the ground energy of the open chain with J = h = 1: 1 − 1 / sin(π / (4n + 2)).

    The chain is one of free fermions with energies 2 sin((2k − 1)π / (4n + 2)) for k = 1 … n, and minus half their sum,
    twice over, is the ground energy (Pfeuty, Annals of Physics 57, 79 (1970)).
    """
    return 1 - 1 / math.sin(math.pi / (4 * sites + 2))


def found(client: eigen.Client, sizes: Iterable[int] = SIZES, **options: Any) -> dict[int, float]:
    """Return the energy that the loop finds, by number of sites, with as many layers as sites."""
    jobs = {size: client.submit(HERE / "job.yaml", inputs={"sites": size, "layers": size}, **options) for size in sizes}
    return {size: job.results().outputs["energy"] for size, job in jobs.items()}


if __name__ == "__main__":
    with eigen.Client() as client:
        energies = found(client)
    lines = [(size, f"{one:.6f}", f"{exact(size):.6f}") for size, one in energies.items()]
    print(write_table(__file__, ("sites", "energy found", "exact"), lines))
