"""The ground energy of lithium hydride at 1.6 Å: its two valence electrons in three orbitals, six qubits.

Qubits 0 to 2 are the orbitals of the electron with spin up, 3 to 5 of that with spin down (Jordan-Wigner). With one
electron of each spin, the state is a symmetric 3 × 3 matrix of amplitudes: `pairs` puts both electrons into the same
orbital, a superposition of three, and one rotation of the orbitals for both spins makes of it every such matrix (its
natural orbitals; Löwdin and Shull, Phys. Rev. 101, 1730 (1956)). So the five angles reach the exact ground state.
"""

from eigen_lang import *

# Electronic energy in Hartree, STO-3G, from `make_hamiltonian.py`.
# <hamiltonian>
# PySCF 2.14.0; nuclear repulsion 0.9922072705, exact total energy -7.8810720440
ELECTRONIC = Observable(
    {
        "IIIIII": -8.003878903792,
        "IIIIIZ": -0.040016509098,
        "IIIIXX": 0.000315127481,
        "IIIIYY": 0.000315127481,
        "IIIIZI": -0.129145601266,
        "IIIIZZ": 0.052636515302,
        "IIIXIX": 0.005456156348,
        "IIIXXI": 0.015008967066,
        "IIIXXZ": 0.004191566347,
        "IIIXZX": -0.006707552481,
        "IIIYIY": 0.005456156348,
        "IIIYYI": 0.015008967066,
        "IIIYYZ": 0.004191566347,
        "IIIYZY": -0.006707552481,
        "IIIZII": -0.30546618428,
        "IIIZIZ": 0.082479493687,
        "IIIZXX": 0.00286245541,
        "IIIZYY": 0.00286245541,
        "IIIZZI": 0.053746865823,
        "IIZIII": -0.040016509098,
        "IIZIIZ": 0.121827741683,
        "IIZIXX": 0.012144898068,
        "IIZIYY": 0.012144898068,
        "IIZIZI": 0.055902511198,
        "IIZXXI": 0.012841723691,
        "IIZXZX": -0.031698745633,
        "IIZYYI": 0.012841723691,
        "IIZYZY": -0.031698745633,
        "IIZZII": 0.113461106788,
        "IXXIII": 0.000315127481,
        "IXXIIZ": 0.012144898068,
        "IXXIXX": 0.003265995895,
        "IXXIYY": 0.003265995895,
        "IXXIZI": -0.001871043019,
        "IXXXXI": 0.002352152608,
        "IXXXZX": -0.008650157344,
        "IXXYYI": 0.002352152608,
        "IXXYZY": -0.008650157344,
        "IXXZII": 0.010838364553,
        "IYYIII": 0.000315127481,
        "IYYIIZ": 0.012144898068,
        "IYYIXX": 0.003265995895,
        "IYYIYY": 0.003265995895,
        "IYYIZI": -0.001871043019,
        "IYYXXI": 0.002352152608,
        "IYYXZX": -0.008650157344,
        "IYYYYI": 0.002352152608,
        "IYYYZY": -0.008650157344,
        "IYYZII": 0.010838364553,
        "IZIIII": -0.129145601266,
        "IZIIIZ": 0.055902511198,
        "IZIIXX": -0.001871043019,
        "IZIIYY": -0.001871043019,
        "IZIIZI": 0.084470567869,
        "IZIXXI": -0.008994911968,
        "IZIXZX": 0.00310400374,
        "IZIYYI": -0.008994911968,
        "IZIYZY": 0.00310400374,
        "IZIZII": 0.060358913203,
        "IZZIII": 0.052636515302,
        "XIXIII": 0.005456156348,
        "XXIIII": 0.015008967066,
        "XXIIIZ": 0.012841723691,
        "XXIIXX": 0.002352152608,
        "XXIIYY": 0.002352152608,
        "XXIIZI": -0.008994911968,
        "XXIXXI": 0.006612047381,
        "XXIXZX": -0.007975909143,
        "XXIYYI": 0.006612047381,
        "XXIYZY": -0.007975909143,
        "XXIZII": 0.011019232151,
        "XXZIII": 0.004191566347,
        "XZXIII": -0.006707552481,
        "XZXIIZ": -0.031698745633,
        "XZXIXX": -0.008650157344,
        "XZXIYY": -0.008650157344,
        "XZXIZI": 0.00310400374,
        "XZXXXI": -0.007975909143,
        "XZXXZX": 0.030981613101,
        "XZXYYI": -0.007975909143,
        "XZXYZY": 0.030981613101,
        "XZXZII": -0.033551352841,
        "YIYIII": 0.005456156348,
        "YYIIII": 0.015008967066,
        "YYIIIZ": 0.012841723691,
        "YYIIXX": 0.002352152608,
        "YYIIYY": 0.002352152608,
        "YYIIZI": -0.008994911968,
        "YYIXXI": 0.006612047381,
        "YYIXZX": -0.007975909143,
        "YYIYYI": 0.006612047381,
        "YYIYZY": -0.007975909143,
        "YYIZII": 0.011019232151,
        "YYZIII": 0.004191566347,
        "YZYIII": -0.006707552481,
        "YZYIIZ": -0.031698745633,
        "YZYIXX": -0.008650157344,
        "YZYIYY": -0.008650157344,
        "YZYIZI": 0.00310400374,
        "YZYXXI": -0.007975909143,
        "YZYXZX": 0.030981613101,
        "YZYYYI": -0.007975909143,
        "YZYYZY": 0.030981613101,
        "YZYZII": -0.033551352841,
        "ZIIIII": -0.30546618428,
        "ZIIIIZ": 0.113461106788,
        "ZIIIXX": 0.010838364553,
        "ZIIIYY": 0.010838364553,
        "ZIIIZI": 0.060358913203,
        "ZIIXXI": 0.011019232151,
        "ZIIXZX": -0.033551352841,
        "ZIIYYI": 0.011019232151,
        "ZIIYZY": -0.033551352841,
        "ZIIZII": 0.113446802749,
        "ZIZIII": 0.082479493687,
        "ZXXIII": 0.00286245541,
        "ZYYIII": 0.00286245541,
        "ZZIIII": 0.053746865823,
    }
)
# </hamiltonian>


def givens(a, b, angle):
    """Turn one electron from orbital a towards orbital b."""
    cx(b, a)
    cry(a, b, 2 * angle)
    cx(b, a)


def pairs(up, down, angles):
    x(up[0])
    for orbital in range(2):
        givens(up[orbital], up[orbital + 1], angles[orbital])
    for a, b in zip(up, down):
        cx(a, b)


def rotated(orbitals, angles):
    for first, angle in zip([0, 1, 0], angles):
        givens(orbitals[first], orbitals[first + 1], angle)


@hybrid_program(target="sim:local")
def main():
    up = QubitRegister(3)
    down = QubitRegister(3)
    occupied = ParamVector("occupied", 2)
    orbital = ParamVector("orbital", 3)
    pairs(up, down, occupied)
    rotated(up, orbital)
    rotated(down, orbital)
    ground = minimize(ExpectationValue("energy", ELECTRONIC), [0.1, 0.1, 0.0, 0.0, 0.0], method="L-BFGS-B")
    return {"electronic": ground.fun, "evaluations": ground.nfev}
