@hybrid_program
def main():
    q = QubitRegister(2)
    m = measure(q)
    if m == 3:
        x(0)
    else:
        z(0)
