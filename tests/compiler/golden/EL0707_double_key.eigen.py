@hybrid_program
def main():
    angles = {0: 0.5, 1: 0.25, 0: 0.75}
    rx(0, angles[0])
