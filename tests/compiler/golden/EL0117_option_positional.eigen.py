@hybrid_program("sim:local")
def main():
    h(0)
