"""Writes the Hamiltonian into `program.eigen.py`: PySCF's integrals, mapped by Jordan and Wigner.

`pip install pyscf qiskit-nature`, then `python make_hamiltonian.py`. The 1s electrons of lithium are frozen, and the
two orbitals of π symmetry, which the ground state hardly uses, are left out: two electrons in three orbitals.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyscf
from pyscf import ao2mo, gto, mcscf, scf
from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
from qiskit_nature.second_q.mappers import JordanWignerMapper

BOND_LENGTH = 1.6
ACTIVE = [2, 3, 6]  # the second, third and sixth orbital, counted from 1


def hamiltonian() -> tuple[dict[str, float], float, float]:
    """Return the Pauli strings of the electronic energy, the nuclear repulsion, and the exact energy of the space."""
    molecule = gto.M(atom=[("Li", (0, 0, 0)), ("H", (0, 0, BOND_LENGTH))], basis="sto-3g", verbose=0)
    space = mcscf.CASCI(scf.RHF(molecule).run(), ncas=3, nelecas=2)
    orbitals = space.sort_mo(ACTIVE)
    exact = space.kernel(orbitals)[0]
    core, core_energy = space.get_h1eff(orbitals)
    pairs = ao2mo.restore(1, space.get_h2eff(orbitals), 3)
    terms = JordanWignerMapper().map(ElectronicEnergy.from_raw_integrals(core, pairs).second_q_op()).simplify(1e-12)
    strings = {label: float(np.round(value.real, 12)) for label, value in terms.sort().to_list()}
    identity = "I" * 6
    strings[identity] = round(float(strings[identity] + core_energy - molecule.energy_nuc()), 12)
    return strings, molecule.energy_nuc(), exact


if __name__ == "__main__":
    strings, nuclear, exact = hamiltonian()
    lines = [f"# PySCF {pyscf.__version__}; nuclear repulsion {nuclear:.10f}, exact total energy {exact:.10f}"]
    lines += ["ELECTRONIC = Observable(", "    {"]
    lines += [f'        "{label}": {value!r},' for label, value in strings.items()]
    lines += ["    }", ")"]
    program = Path(__file__).with_name("program.eigen.py")
    before, rest = program.read_text(encoding="utf-8").split("# <hamiltonian>\n")
    after = rest.split("# </hamiltonian>\n")[1]
    program.write_text(
        f"{before}# <hamiltonian>\n" + "\n".join(lines) + f"\n# </hamiltonian>\n{after}", encoding="utf-8"
    )
