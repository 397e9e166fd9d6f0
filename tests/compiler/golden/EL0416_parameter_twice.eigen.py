@hybrid_program
def main():
    a = Param("t", 1)
    b = Param("t", 2)
