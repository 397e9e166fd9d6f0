@hybrid_program
def main():
    a = [1] + 2
