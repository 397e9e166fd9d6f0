@hybrid_program
def main():
    c = ClassicalRegister(1)
    measure(0, c=c[0])
    if c[0]:
        measure(1, c=c[0])
        x(2)
