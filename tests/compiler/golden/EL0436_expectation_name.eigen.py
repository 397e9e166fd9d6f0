@hybrid_program
def main():
    h(0)
    return ExpectationValue(1, Z(0))
