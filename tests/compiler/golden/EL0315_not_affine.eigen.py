@hybrid_program
def main(a: Param = 1, b: Param = 2):
    rx(0, a * b)
