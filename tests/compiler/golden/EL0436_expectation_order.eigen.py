@hybrid_program
def main():
    h(0)
    return ExpectationValue(Z(0), "energy")
