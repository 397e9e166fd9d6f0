@hybrid_program
def main():
    n = max([])
