@hybrid_program(target="sim:local", shots=100, seed=1)
def main():
    h(0)
    cx(0, 1)
    measure([0, 1])
