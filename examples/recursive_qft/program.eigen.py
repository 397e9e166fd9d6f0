"""The quantum Fourier transform by recursion: a helper that calls itself on one qubit less.

F on n qubits maps |k⟩ to the sum of exp(2πi j k / 2^n) |j⟩ / √2^n. Without the reversal of qubits at its end it is: a
Hadamard on the highest qubit, phases on it controlled by the others, then the same on the others. The compiler follows
the recursion, which ends because sizes are known, and emits a flat circuit.
D. Coppersmith, IBM Research Report RC 19642 (1994), arXiv:quant-ph/0201067; M. A. Nielsen, I. L. Chuang, Quantum
Computation and Quantum Information, section 5.1.
"""

from math import pi

from eigen_lang import *


def rotations(q):
    """Transform q, with its qubits left in reversed order."""
    if q.size == 0:
        return
    rest, highest = q[:-1], q[-1]
    h(highest)
    for distance, qubit in enumerate(reversed(rest)):
        cp(qubit, highest, pi / 2 ** (distance + 1))
    rotations(rest)


def mirror(q):
    """Reverse the order of qubits, from the ends inwards."""
    if q.size > 1:
        swap(q[0], q[-1])
        mirror(q[1:-1])


@hybrid_program(target="sim:local", shots=1024)
def main(n: int = 4, k: int = 0):
    q = QubitRegister(n)
    for i in range(n):
        if (k >> i) & 1:
            x(q[i])
    rotations(q)
    mirror(q)
    measure(q)
