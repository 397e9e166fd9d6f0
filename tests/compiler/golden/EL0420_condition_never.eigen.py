@hybrid_program
def main():
    m = measure(0)
    if m:
        if m == 0:
            x(1)
