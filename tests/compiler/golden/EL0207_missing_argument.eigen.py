def f(a):
    h(a)

@hybrid_program
def main():
    rx(0)
    cx(0)
    f()
    n = len()
