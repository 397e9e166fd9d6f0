@hybrid_program
def main():
    ry(0, 0.1)
    minimize(ExpectationValue(Z(0)), [0.1])
