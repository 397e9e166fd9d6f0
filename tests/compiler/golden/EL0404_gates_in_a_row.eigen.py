def pair(a, b):
    cx(a, b)


@hybrid_program
def main():
    q = QubitRegister(3)
    for i in range(3):
        cx(q[0], q[i])
    pair(q[1], q[1])
    rx(q[0], "x")
    h(q[5])
    cz(q[1], q[1])
