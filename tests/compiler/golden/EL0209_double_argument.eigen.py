def f(a):
    h(a)

@hybrid_program
def main():
    f(0, a=1)
    rx(0, 1.0, theta=1.0)
