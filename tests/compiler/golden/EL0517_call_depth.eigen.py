def f(n):
    f(n + 1)

@hybrid_program
def main():
    f(0)
