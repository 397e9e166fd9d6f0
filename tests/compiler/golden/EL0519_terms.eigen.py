# test: {"limits": {"terms": 4}}
@hybrid_program
def main():
    return ExpectationValue(sum([Z(i) for i in range(5)]))
