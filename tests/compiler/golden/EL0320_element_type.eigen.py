# test: {"inputs": {"qubits": [0, 1.5], "table": [[1], 2]}}
@hybrid_program
def main(qubits: list[int], table: list[list[int]]):
    h(qubits)
    rx(0, table[0][0])
