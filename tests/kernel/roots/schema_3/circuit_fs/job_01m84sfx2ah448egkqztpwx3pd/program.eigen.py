@hybrid_program(target="sim:local")
def main():
    nonsense(0)
