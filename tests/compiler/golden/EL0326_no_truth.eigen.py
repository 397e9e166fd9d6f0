@hybrid_program
def main():
    q = QubitRegister(2)
    h(q[0])
    if q[0]:
        x(q[1])
