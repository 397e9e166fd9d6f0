"""Teleportation: a state goes from qubit 0 to qubit 2 by an entangled pair and two measured bits.

The Bell measurement of the sender's qubits gives each of four outcomes with probability 1/4, whatever the state
cos(θ/2)|0⟩ + exp(iφ) sin(θ/2)|1⟩ is; the receiver's qubit then holds the state up to X where the second bit is 1 and
Z where the first is 1. Corrected by both, it reads ⟨Z⟩ = cos θ, ⟨X⟩ = sin θ cos φ, ⟨Y⟩ = sin θ sin φ.
C. H. Bennett, G. Brassard, C. Crépeau, R. Jozsa, A. Peres, W. K. Wootters, Phys. Rev. Lett. 70 (1993), 1895.
"""

from eigen_lang import *


def entangle(a, b):
    h(a)
    cx(a, b)


def bell_measurement(a, b):
    """Return the bit of phase and the bit of parity."""
    cx(a, b)
    h(a)
    return measure(a, b)


@hybrid_program(target="sim:local", shots=4096)
def main(theta: Param, phi: Param = 0.0, basis: str = "Z"):
    q = QubitRegister(3)
    u(q[0], theta, phi, 0)
    entangle(q[1], q[2])
    phase, parity = bell_measurement(q[0], q[1])
    if parity:
        x(q[2])
    if phase:
        z(q[2])
    return {"sent": [phase, parity], "received": measure(q[2], basis=basis)}
