@hybrid_program
def main():
    rx(0, np.pi / 2)
    ry(0, math.pi)
    rz(0, PI)
