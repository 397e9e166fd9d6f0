@hybrid_program
def main(theta: Param = 0.1):
    ry(0, theta)
    minimize(ExpectationValue(Z(0)), [0.1], bounds=[0.5])
