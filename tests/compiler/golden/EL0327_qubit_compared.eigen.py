@hybrid_program
def main():
    q = QubitRegister(2)
    if q[0] == 1:
        x(q[1])
