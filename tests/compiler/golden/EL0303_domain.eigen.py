from math import sqrt

@hybrid_program
def main():
    a = sqrt(-1)
