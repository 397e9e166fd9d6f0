@hybrid_program
def main():
    m = measure(0)
    for i in range(3):
        if m:
            break
        x(1)
