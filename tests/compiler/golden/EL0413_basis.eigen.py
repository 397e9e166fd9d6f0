@hybrid_program
def main():
    measure(0, basis="W")
