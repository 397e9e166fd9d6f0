@hybrid_program
def main():
    q = QubitRegister(2)
    h(q[True])
