@hybrid_program
def main(theta: Param = 0.1):
    ry(0, theta)
    energy = ExpectationValue(Z(0))
    minimize(energy, [0.1])
    minimize(energy, [0.2])
