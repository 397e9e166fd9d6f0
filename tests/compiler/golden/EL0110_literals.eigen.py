@hybrid_program
def main():
    b = 1j
    c = ...
