def f():
    h(0)

def f():
    x(0)

@hybrid_program
def main():
    f()
