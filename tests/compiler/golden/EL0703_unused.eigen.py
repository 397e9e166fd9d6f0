from math import pi

LAYERS = 3

def turn(q, phase):
    rx(q, 0.1)

@hybrid_program
def main(n: int = 2):
    angle = 0.3
    ry(0, 0.3)
    turn(1, 0.5)
