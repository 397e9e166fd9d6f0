"""Quantum phase estimation: the eigenphase of a gate, to n bits.

The gate is p(2πφ), its eigenstate |1⟩. Counting qubit k picks up the phase of 2^k applications; the inverse Fourier
transform turns the phases into the integer y nearest to 2^n φ. With N = 2^n and δ = φ − y/N, y comes with probability
|sin(πNδ) / (N sin πδ)|²: certainty where φ is y/N exactly, and at least 4/π² for the nearest y elsewhere.
A. Yu. Kitaev, arXiv:quant-ph/9511026; R. Cleve, A. Ekert, C. Macchiavello, M. Mosca, Proc. R. Soc. A 454 (1998), 339.
"""

from math import pi

from eigen_lang import *


def inverse_qft(q):
    for i in range(q.size // 2):
        swap(q[i], q[q.size - 1 - i])
    for high in range(q.size):
        for low in reversed(range(high)):
            cp(q[low], q[high], -pi / 2 ** (high - low))
        h(q[high])


@hybrid_program(target="sim:local", shots=2048)
def main(phase: Param, n: int = 4):
    counting = QubitRegister(n)
    eigenstate = QubitRegister(1)
    x(eigenstate)
    h(counting)
    for k in range(n):
        cp(counting[k], eigenstate[0], 2 * pi * 2**k * phase)
    inverse_qft(counting)
    measure(counting)
