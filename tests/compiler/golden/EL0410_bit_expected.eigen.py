@hybrid_program
def main():
    q = QubitRegister(2)
    measure(q[0], c=q[1])
