@hybrid_program
def main():
    m = measure([0, 1])
    if m[0] ^ m[1]:
        x(2)
