def f(a):
    h(a)

@hybrid_program
def main():
    rx(0, teta=1)
    measure(0, bases="X")
    f(b=1)
