@hybrid_program
def main():
    t = Param("2x")
