"""Iterative phase estimation: the answer of phase estimation with one counting qubit, reset and used again.

The bits of y come from the least significant one on. In round m the qubit sees 2^(n−1−m) applications of the gate
p(2πφ), and is turned back by the bits that are already known: feed-forward takes the place of the controlled phases
of the inverse Fourier transform, so every y has the same probability as there, for every φ.
R. B. Griffiths, C.-S. Niu, Phys. Rev. Lett. 76 (1996), 3228; M. Dobšíček, G. Johansson, V. Shumeiko, G. Wendin,
Phys. Rev. A 76 (2007), 030306.
"""

from math import pi

from eigen_lang import *


def turn_back(ancilla, known):
    """Take off the phase that the known bits stand for, the most recent one for a quarter turn."""
    for age, bit in enumerate(reversed(known)):
        if bit:
            p(ancilla, -pi / 2 ** (age + 1))


@hybrid_program(target="sim:local", shots=2048)
def main(phase: Param, n: int = 4):
    ancilla, eigenstate = QubitRegister(2)
    y = ClassicalRegister(n)
    x(eigenstate)
    for m in range(n):
        reset(ancilla)
        h(ancilla)
        cp(ancilla, eigenstate, 2 * pi * 2 ** (n - 1 - m) * phase)
        turn_back(ancilla, y[:m])
        h(ancilla)
        measure(ancilla, c=y[m])
