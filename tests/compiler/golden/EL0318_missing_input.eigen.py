@hybrid_program
def main(n: int, theta: float):
    h(0)
