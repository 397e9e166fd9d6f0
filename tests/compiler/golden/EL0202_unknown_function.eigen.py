@hybrid_program
def main():
    hadamard(0)
    cnott(0, 1)
    print(1)
    x = math.sin(1)
