@hybrid_program
def main():
    angle = 0.1
    angle = 0.2
    rx(0, angle)
