"""Two rotated qubits, correlated: P(1 on qubit 0) = sin²(θ/2), P(bits differ) = sin²(φ).

θ and φ are free parameters: they stay symbolic in the compiled circuit, whose digest does not depend on their values.
"""

from eigen_lang import *


@hybrid_program(target="sim:local", shots=4096)
def main(theta: Param, phi: Param = 0.25):
    q = QubitRegister(2)
    ry(q[0], theta)
    cx(q[0], q[1])
    ry(q[1], 2 * phi)
    measure(q)
