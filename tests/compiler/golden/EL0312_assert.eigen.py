@hybrid_program
def main(n: int = 1):
    assert n > 1, "too small"
    h(0)
