@hybrid_program
def main():
    a = measure([0, 1, 2, 3, 4, 5, 6])
    b = measure([7, 8, 9, 10, 11, 12, 13])
    if a == b:
        x(0)
