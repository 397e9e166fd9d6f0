def energy(q):
    return ExpectationValue(X(q) * Y(q))

@hybrid_program
def main():
    h(0)
    return energy(0)
