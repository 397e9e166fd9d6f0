@hybrid_program
def main():
    X(0)
    measure(0)
