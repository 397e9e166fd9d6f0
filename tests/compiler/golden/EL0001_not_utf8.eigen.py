@hybrid_program
def main():
    h(0)  # À€
