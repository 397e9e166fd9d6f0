@hybrid_program
def main():
    H = Z(0) * Z(1)
    h(0)
