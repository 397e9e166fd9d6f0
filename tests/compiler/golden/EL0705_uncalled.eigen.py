def entangle(a, b):
    cx(a, b)

@hybrid_program
def main():
    h(0)
