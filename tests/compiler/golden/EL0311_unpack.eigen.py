@hybrid_program
def main():
    a, b = [1, 2, 3]
