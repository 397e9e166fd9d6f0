@hybrid_program
def main():
    q = QubitRegister(1)
    n = q.sise
    m = [1].size
