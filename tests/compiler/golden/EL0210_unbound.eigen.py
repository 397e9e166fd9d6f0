@hybrid_program
def main(n: int = 1):
    if n > 2:
        angle = 1.0
    rx(0, angle)
