@hybrid_program
def main():
    a = measure(0)
    b = measure(1)
    if a or b:
        x(2)
