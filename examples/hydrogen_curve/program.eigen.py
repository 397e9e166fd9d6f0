"""The energy of hydrogen at 0.735 Å (STO-3G, two qubits) along cos(θ/2)|01⟩ + sin(θ/2)|10⟩, one point for each θ.

Nothing names shots, so that the values are exact: E(θ) = c₀ − c_ZZ + a cos θ + c_XX sin θ, with c₀ = −1.0524,
a = −0.7959, c_ZZ = −0.0113 and c_XX = 0.1809. Its least value, −1.85728 Hartree, is the ground energy.
With `--shots 4096` it is measured in two circuits, and each point has a standard error.
"""

from eigen_lang import *

HYDROGEN = Observable(
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
    return {"energy": ExpectationValue("energy", HYDROGEN)}
