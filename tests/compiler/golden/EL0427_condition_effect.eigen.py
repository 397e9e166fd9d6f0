@hybrid_program
def main():
    a = measure(0)
    if a and measure(1):
        x(2)
