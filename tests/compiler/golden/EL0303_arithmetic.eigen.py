@hybrid_program
def main(n: int = 1):
    a = 1 / (n - 1)
