@hybrid_program
def main():
    q = QubitRegister(3)
    bits = measure(q[0], q[1])
    if bits:
        x(q[2])
