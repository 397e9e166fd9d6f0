"""The ground state of hydrogen at 0.735 Å in STO-3G, found by the loop in one job.

Two qubits after parity mapping and tapering; the ansatz is the one rotation between |01⟩ and |10⟩ that spans the ground
state, so that the least value is exact: −1.85727503 Hartree for the electrons, −1.13730604 with the nuclei.
"""

from eigen_lang import *

NUCLEI = 0.7199689944489797  # e²/r at 0.735 Å, Hartree

ELECTRONS = Observable(
    {
        "II": -1.052373245772859,
        "IZ": 0.39793742484318045,
        "ZI": -0.39793742484318045,
        "ZZ": -0.01128010425623538,
        "XX": 0.18093119978423156,
    }
)


@hybrid_program(target="sim:local")
def main(theta: Param = 0.0):
    q = QubitRegister(2)
    x(q[0])
    ry(q[1], theta)
    cx(q[1], q[0])
    electrons = ExpectationValue("electrons", ELECTRONS)
    total = ExpectationValue("total", ELECTRONS + NUCLEI)
    found = minimize(total, [0.0], method="COBYLA", tol=1e-6)
    return {"total": found.fun, "electrons": electrons, "theta": found.x, "evaluations": found.nfev}
