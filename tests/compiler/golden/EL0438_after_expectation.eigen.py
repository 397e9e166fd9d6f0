@hybrid_program
def main():
    h(0)
    energy = ExpectationValue(Z(0))
    x(0)
    return energy
