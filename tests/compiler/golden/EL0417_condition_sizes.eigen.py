@hybrid_program
def main():
    b = measure([0, 1, 2])
    if b == [1, 0]:
        x(3)
