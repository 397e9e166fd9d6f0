@hybrid_program
def main():
    q = QubitRegister(2)
    cx(q[0], q[0])
