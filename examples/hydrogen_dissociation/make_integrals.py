"""Writes `hydrogen_sto3g.json`: the Hamiltonian of hydrogen at 54 bond lengths, from PySCF's integrals.

`pip install pyscf`, then `python make_integrals.py`. The bond lengths are those of Table I of O'Malley et al.,
"Scalable Quantum Simulation of Molecular Energies", Phys. Rev. X 6, 031007 (2016), arXiv:1512.06860.

With one electron of each spin in two orbitals there are four configurations, a qubit for each electron: 0 for the
bonding orbital g, 1 for the antibonding u. With the core energies h and the Coulomb and exchange integrals J, K
(chemists' notation, (gg|gg), (gg|uu), (uu|uu) and (gu|gu)) the diagonal is 2 h_g + J_gg, h_g + h_u + J_gu (twice),
2 h_u + J_uu, and K stands on the whole antidiagonal. That is `constant + z (Z0 + Z1) + zz Z0 Z1 + xx X0 X1`.
Szabo and Ostlund, "Modern Quantum Chemistry", sections 2.3 and 4.1.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyscf
from pyscf import ao2mo, fci, gto, scf

BOND_LENGTHS = [round(0.20 + 0.05 * index, 2) for index in range(54)]


def row(bond_length: float) -> dict[str, float]:
    """Return the Hamiltonian at a bond length in Å; energies in Hartree."""
    molecule = gto.M(atom=[("H", (0, 0, 0)), ("H", (0, 0, bond_length))], basis="sto-3g", verbose=0)
    field = scf.RHF(molecule).run()
    core = field.mo_coeff.T @ field.get_hcore() @ field.mo_coeff
    g, u = 0, 1
    pairs: Any = ao2mo.restore(1, ao2mo.kernel(molecule, field.mo_coeff), 2)
    both_g = 2 * core[g, g] + pairs[g, g, g, g]
    mixed = core[g, g] + core[u, u] + pairs[g, g, u, u]
    both_u = 2 * core[u, u] + pairs[u, u, u, u]
    values = {
        "bond_length": bond_length,
        "constant": (both_g + 2 * mixed + both_u) / 4,
        "z": (both_g - both_u) / 4,
        "zz": (both_g - 2 * mixed + both_u) / 4,
        "xx": pairs[g, u, g, u],
        "nuclear": molecule.energy_nuc(),
        "exact": fci.FCI(field).kernel()[0],
    }
    return {name: float(np.round(value, 12)) for name, value in values.items()}


if __name__ == "__main__":
    source = f"PySCF {pyscf.__version__}, restricted Hartree-Fock in STO-3G; exact: its full configuration interaction"
    table = {"source": source, "units": "Hartree, Å", "rows": [row(one) for one in BOND_LENGTHS]}
    Path(__file__).with_name("hydrogen_sto3g.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
