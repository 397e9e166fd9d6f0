@hybrid_program
def main():
    n = "\d"
