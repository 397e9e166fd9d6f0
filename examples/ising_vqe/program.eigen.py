"""The ground energy of the transverse-field Ising chain, −J Σ ZZ − h Σ X with open ends and J = h = 1.

The ansatz follows the Hamiltonian: layers of exp(i γ ZZ) on the bonds and exp(i β X) on the sites, from the ground
state of the field alone (Wecker, Hastings and Troyer, arXiv:1507.08969). As many layers as sites come within 1e-3.
"""

from eigen_lang import *


@hybrid_program(target="sim:local")
def main(sites: int = 4, layers: int = 4):
    chain = QubitRegister(sites)
    gamma = ParamVector("gamma", layers)
    beta = ParamVector("beta", layers)
    h(chain)
    for layer in range(layers):
        for a, b in zip(chain, chain[1:]):
            rzz(a, b, -2 * gamma[layer])
        rx(chain, -2 * beta[layer])
    bonds = sum([Z(a) * Z(b) for a, b in zip(chain, chain[1:])])
    field = sum([X(site) for site in chain])
    ramp = [(layer + 0.5) / layers for layer in range(layers)]
    start = [0.5 * one for one in ramp] + [0.5 * (1 - one) for one in ramp]
    ground = minimize(ExpectationValue("energy", -bonds - field), start, method="L-BFGS-B")
    return {"energy": ground.fun, "evaluations": ground.nfev}
