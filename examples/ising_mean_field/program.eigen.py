"""The transverse-field Ising chain in a product state, every spin turned by θ, measured to a precision of 0.02.

H = −Σ ZᵢZᵢ₊₁ − field Σ Xᵢ on an open chain. In this state ⟨H⟩ = −(n − 1) cos²θ − field · n · sin θ: mean-field theory,
whose least value lies above the ground energy. Both observables are measured in the same two circuits.
"""

from eigen_lang import *


@hybrid_program(target="sim:local")
def main(n: int = 5, field: float = 0.8, theta: Param = 0.5):
    q = QubitRegister(n)
    for one in q:
        ry(one, theta)
    bonds = sum([Z(a) * Z(b) for a, b in zip(q, q[1:])])
    spins = sum([X(one) for one in q])
    energy = ExpectationValue("energy", -1 * bonds - field * spins, precision=0.02)
    magnetization = ExpectationValue("magnetization", sum([Z(one) for one in q]) / n, precision=0.02)
    return {"energy": energy, "magnetization": magnetization}
