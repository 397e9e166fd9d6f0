@hybrid_program
def other():
    x(0)

@hybrid_program
def main():
    h(0)
