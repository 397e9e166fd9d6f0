import numpy as np
from qiskit import QuantumCircuit

@hybrid_program
def main():
    qc = QuantumCircuit(2)
    qc.h(0)
    qc.cz(0, 1)
    qc.measure(0, 0)
