@hybrid_program
def main():
    q = QubitRegister(1)
    return ExpectationValue(Z(q[0]), precision=-0.01)
