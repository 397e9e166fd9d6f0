@hybrid_program
def main():
    m = measure([0, 1])
    while m[0]:
        x(2)
