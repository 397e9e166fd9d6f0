@hybrid_program
def main():
    q = QubitRegister(1)
    m = [1].size
