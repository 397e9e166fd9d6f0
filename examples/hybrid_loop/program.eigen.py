"""The energy of hydrogen at 0.735 Å (STO-3G, two qubits) in the state cos(θ/2)|01⟩ + sin(θ/2)|10⟩, for a loop over θ.

Its least value is the ground energy, −1.85728 Hartree, at θ = −0.22354. Nothing names shots, so that values are exact.
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
def main(theta: Param):
    q = QubitRegister(2)
    x(q[0])
    ry(q[1], theta)
    cx(q[1], q[0])
    ExpectationValue("energy", HYDROGEN)
