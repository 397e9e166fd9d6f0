@hybrid_program
def main():
    n = 1if 2else 3
