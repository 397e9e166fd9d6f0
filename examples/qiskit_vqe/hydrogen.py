"""The ground state of hydrogen at 0.735 Å with Qiskit's own packages; only the primitive is Eigen's.

`pip install qiskit-algorithms qiskit-nature`, then `python hydrogen.py`. Each evaluation is a job: see `eigen jobs`.
The integrals are PySCF's (restricted Hartree-Fock, STO-3G), in the basis of its molecular orbitals, in Hartree.
"""

from __future__ import annotations

import numpy as np
from qiskit_algorithms import VQE
from qiskit_algorithms.optimizers import SLSQP
from qiskit_nature.second_q.algorithms import GroundStateEigensolver
from qiskit_nature.second_q.circuit.library import UCCSD, HartreeFock
from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
from qiskit_nature.second_q.mappers import JordanWignerMapper
from qiskit_nature.second_q.problems import ElectronicStructureProblem

from eigen.primitives import EigenEstimator

ONE_ELECTRON = np.diag([-1.256339073003, -0.4718960072811])
REPULSION = 0.7199689944489797  # of the nuclei


def problem() -> ElectronicStructureProblem:
    """Return two electrons in two orbitals."""
    two_electron = np.zeros((2, 2, 2, 2))  # chemists' order
    two_electron[0, 0, 0, 0], two_electron[1, 1, 1, 1] = 0.6757101548035, 0.698573722732
    two_electron[0, 0, 1, 1] = two_electron[1, 1, 0, 0] = 0.6645817302553
    two_electron[0, 1, 0, 1] = two_electron[1, 0, 1, 0] = 0.1809311997842
    two_electron[0, 1, 1, 0] = two_electron[1, 0, 0, 1] = 0.1809311997842
    energy = ElectronicEnergy.from_raw_integrals(ONE_ELECTRON, two_electron)
    energy.nuclear_repulsion_energy = REPULSION
    found = ElectronicStructureProblem(energy)
    found.num_particles, found.num_spatial_orbitals = (1, 1), 2
    return found


def unitary_coupled_cluster(hydrogen: ElectronicStructureProblem, mapper: JordanWignerMapper) -> UCCSD:
    """Return the ansatz: single and double excitations of the Hartree-Fock state."""
    sizes = hydrogen.num_spatial_orbitals, hydrogen.num_particles
    return UCCSD(*sizes, mapper, initial_state=HartreeFock(*sizes, mapper))


if __name__ == "__main__":
    mapper, hydrogen = JordanWignerMapper(), problem()
    with EigenEstimator() as estimator:
        solver = VQE(estimator, unitary_coupled_cluster(hydrogen, mapper), SLSQP(), initial_point=np.zeros(3))
        result = GroundStateEigensolver(mapper, solver).solve(hydrogen)
    print(f"{result.total_energies[0]:.6f} Hartree after {result.raw_result.cost_function_evals} evaluations")
