@hybrid_program
def main():
    q = QubitRegister(2)
    for i in range(3):
        h(q[i])
