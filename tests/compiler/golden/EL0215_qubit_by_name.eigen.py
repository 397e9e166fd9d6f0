@hybrid_program
def main():
    rx(qubit=0, theta=1)
    cx(control=0, target=1)
