@hybrid_program
def main():
    q = QubitRegister(2)
    r = QubitRegister(3)
    cx(q, r)
