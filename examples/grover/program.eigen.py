"""Grover's search for one marked bit string among N = 2^n.

Each iteration turns the state by 2α towards the marked one, sin α = 1/√N, so after k iterations it is found with
probability sin²((2k + 1)α): 0.9453 for three qubits and two iterations, 0.9613 for four qubits and three. The phase
flip on many controls is built from fewer by recursion.
L. K. Grover, Phys. Rev. Lett. 79 (1997), 325; M. Boyer, G. Brassard, P. Høyer, A. Tapp, Fortschr. Phys. 46 (1998), 493;
the recursion is lemma 7.5 of A. Barenco et al., Phys. Rev. A 52 (1995), 3457.
"""

from math import floor, pi, sqrt

from eigen_lang import *


def controlled_phase(angle, controls, target):
    """Multiply by exp(i·angle) where all controls and the target are 1."""
    if len(controls) == 1:
        cp(controls[0], target, angle)
    else:
        rest, last = controls[:-1], controls[-1]
        cp(last, target, angle / 2)
        controlled_not(rest, last)
        cp(last, target, -angle / 2)
        controlled_not(rest, last)
        controlled_phase(angle / 2, rest, target)


def controlled_not(controls, target):
    h(target)
    controlled_phase(pi, controls, target)
    h(target)


def flip_phase(q, marked):
    """Change the sign of the marked string, whose rightmost character is qubit 0."""
    zeros = [q[i] for i in range(q.size) if marked[q.size - 1 - i] == "0"]
    x(zeros)
    controlled_phase(pi, q[:-1], q[-1])
    x(zeros)


@hybrid_program(target="sim:local", shots=4096)
def main(marked: str, iterations: int = -1):
    n = len(marked)
    best = floor(pi / 4 * sqrt(2**n))
    q = QubitRegister(n)
    h(q)
    for _ in range(best if iterations < 0 else iterations):
        flip_phase(q, marked)
        h(q)
        flip_phase(q, "0" * n)
        h(q)
    measure(q)
