@hybrid_program(shot=100)
def main():
    h(0)
