@hybrid_program
def main():
    h(0)
    for i in range(2):
        ExpectationValue("spin", Z(i))
