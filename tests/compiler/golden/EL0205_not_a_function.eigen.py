@hybrid_program
def main():
    x = 1.0
    x(0)
    h(0)
