@hybrid_program
def main():
    m = measure(0)
    k = 0
    if m:
        k = 1
    x(k)
