@hybrid_program
def main():
    m = measure(0)
    n = m + 1
