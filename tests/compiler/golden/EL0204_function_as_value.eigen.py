@hybrid_program
def main():
    g = h
    x = len
