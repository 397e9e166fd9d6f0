@hybrid_program
def main():
    q = QubitRegister(2)
    return ExpectationValue(Z(q))
