@hybrid_program
def main():
    h(0)
    return ExpectationValue(Observable("0.5 XX + 0.2 Z"))
