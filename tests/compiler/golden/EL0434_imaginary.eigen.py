@hybrid_program
def main():
    h(0)
    return ExpectationValue(0.5 * X(0) * Y(0) * Z(1))
