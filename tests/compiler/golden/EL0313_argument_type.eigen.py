@hybrid_program
def main():
    n = len(3)
