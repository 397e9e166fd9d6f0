@hybrid_program
def main():
    h(0)
    return {1: 2}
