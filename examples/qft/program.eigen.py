"""Quantum Fourier transform of a basis state, read out by its inverse shifted by one.

The transform of |k⟩ is the sum of exp(2πi j k / 2^n) |j⟩ / √2^n: all outcomes are equally likely, only the phases know
k. A phase step of exp(2πi j s / 2^n) on every |j⟩ turns the transform of |k⟩ into that of |k + s⟩, so the inverse
transform gives k + s modulo 2^n with certainty: a sum, computed in phases.
"""

from math import pi

from eigen_lang import *


def qft(q):
    for high in reversed(range(q.size)):
        h(q[high])
        for low in range(high):
            cp(q[low], q[high], pi / 2 ** (high - low))
    for i in range(q.size // 2):
        swap(q[i], q[q.size - 1 - i])


def inverse_qft(q):
    for i in range(q.size // 2):
        swap(q[i], q[q.size - 1 - i])
    for high in range(q.size):
        for low in reversed(range(high)):
            cp(q[low], q[high], -pi / 2 ** (high - low))
        h(q[high])


@hybrid_program(target="sim:local", shots=512)
def main(n: int = 4, k: int = 5, step: int = 0, invert: bool = False):
    q = QubitRegister(n)
    for i in range(n):
        if (k >> i) & 1:
            x(q[i])
    qft(q)
    for i in range(n):
        if step != 0:
            p(q[i], 2 * pi * step * 2**i / 2**n)
    if invert:
        inverse_qft(q)
    measure(q)
