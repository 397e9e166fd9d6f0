"""The quantum approximate optimization algorithm for MaxCut: layers of phases on edges and rotations of vertices.

The expected cut is a sum over edges of (1 − ⟨ZZ⟩)/2. Farhi, Goldstone and Gutmann, arXiv:1411.4028.
"""

from math import pi

from eigen_lang import *


@hybrid_program(target="sim:local")
def main(edges: list = [[0, 1], [1, 2], [2, 3], [3, 0]], layers: int = 1):
    vertices = QubitRegister(1 + max([max(edge) for edge in edges]))
    gamma = ParamVector("gamma", layers)
    beta = ParamVector("beta", layers)
    h(vertices)
    for layer in range(layers):
        for a, b in edges:
            rzz(vertices[a], vertices[b], -gamma[layer])
        rx(vertices, 2 * beta[layer])
    cut = sum([0.5 - 0.5 * Z(a) * Z(b) for a, b in edges])
    ramp = [(layer + 0.5) / layers for layer in range(layers)]
    start = [pi / 4 * (1 + one) / 2 for one in ramp] + [pi / 4 * (1 - one) for one in ramp]
    best = minimize(ExpectationValue("negative_cut", -cut), start, method="L-BFGS-B")
    return {"negative_cut": best.fun, "angles": best.x}
