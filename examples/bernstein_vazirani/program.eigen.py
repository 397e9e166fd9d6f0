"""Bernstein–Vazirani: find a secret bit string with one question.

The oracle flips the phase of |x⟩ by the parity of x·secret; Hadamards on both sides turn the phase into the secret.
E. Bernstein, U. Vazirani, SIAM J. Comput. 26 (1997), 1411.
"""

from eigen_lang import *


def oracle(q, secret):
    for i in range(len(secret)):
        if secret[len(secret) - 1 - i] == "1":
            z(q[i])


@hybrid_program(target="sim:local", shots=256)
def main(secret: str):
    q = QubitRegister(len(secret))
    h(q)
    oracle(q, secret)
    h(q)
    measure(q)
