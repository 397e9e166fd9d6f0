@hybrid_program
def main():
    pass
