@hybrid_program
def main():
    n = 2 ** 5000
