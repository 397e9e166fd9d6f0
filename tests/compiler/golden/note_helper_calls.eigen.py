def inner(i):
    q = QubitRegister(2)
    h(q[i])

def outer(n):
    for i in range(n):
        inner(i)

@hybrid_program
def main():
    outer(3)
