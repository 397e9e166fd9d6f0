@hybrid_program
def main():
    d = {(1, 2): 1}
