q = QubitRegister(2)
n = f()

def f():
    return 1

@hybrid_program
def main():
    h(0)
