@hybrid_program
def main():
    xs = [0] * 10 ** 8
