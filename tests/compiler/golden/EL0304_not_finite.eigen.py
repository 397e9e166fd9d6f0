@hybrid_program
def main():
    a = 1e308 * 10
