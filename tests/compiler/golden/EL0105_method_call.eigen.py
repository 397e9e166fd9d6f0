@hybrid_program
def main():
    xs = []
    xs.append(1)
    q = QubitRegister(1)
    q.h(0)
