@hybrid_program
def main(q: QubitRegister):
    h(0)
