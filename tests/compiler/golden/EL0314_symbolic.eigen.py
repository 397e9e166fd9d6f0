@hybrid_program
def main(theta: Param = 0.1):
    if theta > 1:
        h(0)
