# test: {"inputs": {"n": "3", "xs": 1}}
@hybrid_program
def main(n: int, xs: list):
    h(0)
