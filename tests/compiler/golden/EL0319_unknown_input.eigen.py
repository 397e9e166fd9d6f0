# test: {"inputs": {"teta": 0.3}}
@hybrid_program
def main(theta: Param = 0.1):
    rx(0, theta)
