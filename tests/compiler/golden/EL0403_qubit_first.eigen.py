@hybrid_program
def main(theta: Param = 0.1):
    rx(theta, 0)
