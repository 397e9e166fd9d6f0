@hybrid_program
def main():
    f = [h]
    [h][0](0)
