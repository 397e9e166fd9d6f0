@hybrid_program
def main():
    c = ClassicalRegister(2)
    measure(0)
