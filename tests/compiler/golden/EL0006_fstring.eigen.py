@hybrid_program
def main():
    n = f"{1}"
