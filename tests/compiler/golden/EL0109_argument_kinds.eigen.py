def f(a, /, *b, **c):
    pass

@hybrid_program
def main():
    h(0)
