@hybrid_program(shots=1, shots=2)
def main():
    h(0)
