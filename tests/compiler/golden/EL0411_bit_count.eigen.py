@hybrid_program
def main():
    q = QubitRegister(2)
    c = ClassicalRegister(3)
    measure(q, c=c)
