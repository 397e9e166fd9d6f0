@hybrid_program
def main():
    q = QubitRegister(1)
    h(q)
    return q
