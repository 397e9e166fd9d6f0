def f(a):
    h(a)

@hybrid_program
def main():
    h(0, 1)
    rx(0, 0.1, 0.2)
    f(1, 2)
    n = len([], [])
