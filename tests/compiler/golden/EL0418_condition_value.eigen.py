@hybrid_program
def main():
    q = QubitRegister(2)
    m = measure(q)
    if m == 4:
        x(0)
