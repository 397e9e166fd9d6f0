@hybrid_program
def main():
    q = QubitRegister(10 ** 9)
