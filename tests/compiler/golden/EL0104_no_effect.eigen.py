@hybrid_program
def main():
    h(0)
    1 + 2
    len([1])
    n: int
