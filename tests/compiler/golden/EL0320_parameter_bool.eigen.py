# test: {"inputs": {"theta": true}}
@hybrid_program
def main(theta: Param):
    rx(0, theta)
