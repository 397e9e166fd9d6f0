@hybrid_program
def main():
    n = 3
    m = n[0]
