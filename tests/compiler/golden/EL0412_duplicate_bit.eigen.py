@hybrid_program
def main():
    q = QubitRegister(2)
    measure(q, c=[0, 0])
