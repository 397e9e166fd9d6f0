"""Lithium hydride: the job, and the README's table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import eigen

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tables import write_table  # noqa: E402  # it lies beside the examples' folders

NUCLEAR = 0.9922072705
ENERGIES = {
    "Hartree-Fock": -7.8618647698,
    "exact, two electrons in three orbitals": -7.8810720440,
    "exact, four electrons in six orbitals": -7.8823243789,
}
"""From PySCF, in Hartree."""


def energy(client: eigen.Client, **options: Any) -> float:
    """Return the total energy that the loop finds, in Hartree."""
    return client.submit(HERE / "job.yaml", **options).results().outputs["electronic"] + NUCLEAR


if __name__ == "__main__":
    with eigen.Client() as client:
        found = energy(client)
    lines = [(name, f"{one:.8f}", f"{1000 * (found - one):+.4f}") for name, one in ENERGIES.items()]
    head = ("", "energy (Ha)", "found − this (mHa)")
    print(write_table(__file__, head, [("found", f"{found:.8f}", ""), *lines]))
