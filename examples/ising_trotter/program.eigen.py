"""Evolution of a transverse-field Ising chain in Trotter steps.

H = −J Σ Z_i Z_{i+1} − g Σ X_i, open ends, from |0…0⟩. The two sums A and B do not commute, so exp(−iHt) is approximated
in steps: order 1 is exp(−iAt) exp(−iBt) in each, order 2 the symmetric half–full–half; a higher even order is five of
the order below, one of them backwards. At order p the error of the final state falls as steps^(−p).
H. F. Trotter, Proc. Am. Math. Soc. 10 (1959), 545; M. Suzuki, Phys. Lett. A 146 (1990), 319; S. Lloyd, Science 273
(1996), 1073.
"""

from eigen_lang import *


def couple(q, angle):
    for left, right in zip(q, q[1:]):
        rzz(left, right, angle)


def step(q, coupling, field, dt, order):
    """Evolve by dt."""
    if order == 1:
        couple(q, -2 * coupling * dt)
        rx(q, -2 * field * dt)
    elif order == 2:
        couple(q, -coupling * dt)
        rx(q, -2 * field * dt)
        couple(q, -coupling * dt)
    else:
        part = 1 / (4 - 4 ** (1 / (order - 1)))
        for share in [part, part, 1 - 4 * part, part, part]:
            step(q, coupling, field, share * dt, order - 2)


@hybrid_program(target="sim:local", shots=8192)
def main(n: int = 5, time: float = 1.0, steps: int = 4, order: int = 2, coupling: float = 1.0, field: float = 0.8):
    assert steps > 0, "at least one step"
    assert order == 1 or (order > 0 and order % 2 == 0), "the order is 1 or even"
    q = QubitRegister(n)
    for _ in range(steps):
        step(q, coupling, field, time / steps, order)
    measure(q)
