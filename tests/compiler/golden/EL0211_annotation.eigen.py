@hybrid_program
def main(n: integer, q: QubitRegister):
    h(0)
