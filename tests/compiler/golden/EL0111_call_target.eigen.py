@hybrid_program
def main():
    (h if True else x)(0)
