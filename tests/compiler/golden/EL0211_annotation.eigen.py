@hybrid_program
def main(n: integer, q: QubitRegister):
    m: floot = 1.0
    h(0)
