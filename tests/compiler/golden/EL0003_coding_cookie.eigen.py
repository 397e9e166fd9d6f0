# coding: rot13
@hybrid_program
def main():
    h(0)
