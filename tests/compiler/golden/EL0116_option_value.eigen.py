@hybrid_program(shots=0, seed=-1, target=x, metadata={1: 2})
def main():
    h(0)
