"""The ground energy of hydrogen at one bond length: a qubit for each electron, 0 where it bonds, 1 where it does not.

The four coefficients are those of the electronic Hamiltonian in the minimal basis STO-3G, in Hartree; see
`hydrogen_sto3g.json`. Symmetry lets the electrons change their orbital only together, so that one angle is enough.
"""

from eigen_lang import *


@hybrid_program(target="sim:local")
def main(constant: float, z: float, zz: float, xx: float, theta: Param = 0.0):
    electrons = QubitRegister(2)
    ry(electrons[0], theta)
    cx(electrons[0], electrons[1])
    energy = constant + z * (Z(0) + Z(1)) + zz * Z(0) * Z(1) + xx * X(0) * X(1)
    ground = minimize(ExpectationValue("energy", energy), [0.0], method="L-BFGS-B")
    return {"energy": ground.fun, "evaluations": ground.nfev}
