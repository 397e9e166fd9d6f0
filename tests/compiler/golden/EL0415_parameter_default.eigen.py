@hybrid_program
def main():
    t = Param("t", True)
