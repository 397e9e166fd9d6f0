# test: {"limits": {"parameters": 1}}
@hybrid_program
def main(a: Param = 0, b: Param = 0):
    h(0)
