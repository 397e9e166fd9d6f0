@hybrid_program
def main():
    q = QubitRegister(2)
    q.size = 3
    xs = [1, 2]
    xs[0:1] = [3]
