@hybrid_program
def main():
    h(0)
    return ExpectationValue(Observable({"XQ": 0.5}))
