@hybrid_program
def main(n: int = 0):
    angles = ParamVector("theta", n, 0.1)
    rx(0, angles[0])
