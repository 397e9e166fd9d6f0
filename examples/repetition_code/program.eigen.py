"""The repetition code: one logical qubit in n, flips found by syndrome and undone by feed-forward.

cos(θ/2)|0⟩ + sin(θ/2)|1⟩ becomes cos(θ/2)|0…0⟩ + sin(θ/2)|1…1⟩. Syndrome bit i is the parity of qubits i and i + 1: it
tells where the state was flipped and nothing of the state, which so stays whole. Every pattern of up to (n − 1)/2
flips has a syndrome of its own; the same flips once more undo it. More flips than that end as a logical flip.
A. Peres, Phys. Rev. A 32 (1985), 3266; P. W. Shor, Phys. Rev. A 52 (1995), R2493.
"""

from eigen_lang import *


def encode(data):
    for qubit in data[1:]:
        cx(data[0], qubit)


def measure_syndrome(data, ancillas):
    for i in range(ancillas.size):
        cx(data[i], ancillas[i])
        cx(data[i + 1], ancillas[i])
    return measure(ancillas)


def syndrome_of(pattern):
    """Return the syndrome of a pattern of flips, bit i of each as bit i of the number."""
    return pattern ^ (pattern >> 1)


def correct(data, syndrome):
    n = data.size
    for pattern in range(1, 2**n):
        flipped = [i for i in range(n) if (pattern >> i) & 1]
        if 2 * len(flipped) < n and syndrome == syndrome_of(pattern) % 2 ** (n - 1):
            x([data[i] for i in flipped])


@hybrid_program(target="sim:local", shots=4096)
def main(theta: Param, n: int = 3, flips: list = [], basis: str = "Z"):
    assert n % 2 == 1, "a majority needs an odd number of qubits"
    data = QubitRegister(n)
    ancillas = QubitRegister(n - 1)
    ry(data[0], theta)
    encode(data)
    for i in flips:
        x(data[i])
    syndrome = measure_syndrome(data, ancillas)
    correct(data, syndrome)
    encode(data)
    return {"syndrome": syndrome, "logical": measure(data[0], basis=basis), "rest": measure(data[1:])}
