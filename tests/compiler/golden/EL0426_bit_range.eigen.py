@hybrid_program
def main():
    c = ClassicalRegister(1)
    measure(0, c=1)
