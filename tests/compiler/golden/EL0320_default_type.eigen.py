@hybrid_program
def main(n: int = 2.5):
    h(n)
