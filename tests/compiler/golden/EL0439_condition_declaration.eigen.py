@hybrid_program
def main():
    bit = measure(0)
    if bit:
        ExpectationValue(Z(1))
