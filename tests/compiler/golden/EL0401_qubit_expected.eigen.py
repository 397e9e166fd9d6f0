@hybrid_program
def main():
    m = measure(0)
    h(m)
