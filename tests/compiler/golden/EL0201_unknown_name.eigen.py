@hybrid_program
def main():
    theta = 0.1
    rx(0, tetha)
    rx(0, pi)
