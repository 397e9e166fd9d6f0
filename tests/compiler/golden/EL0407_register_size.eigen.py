@hybrid_program
def main():
    q = QubitRegister(0)
