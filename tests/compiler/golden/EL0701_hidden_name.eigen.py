def h(q):
    x(q)

@hybrid_program
def main():
    h(0)
