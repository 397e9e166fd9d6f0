"""A GHZ state of n qubits: (|00…0⟩ + |11…1⟩) / √2."""

from eigen_lang import *


def entangle(q):
    """Flip each qubit with the one before it."""
    for control, target in zip(q, q[1:]):
        cx(control, target)


@hybrid_program(target="sim:local", shots=1024)
def main(n: int = 5):
    q = QubitRegister(n)
    h(q[0])
    entangle(q)
    measure(q)
