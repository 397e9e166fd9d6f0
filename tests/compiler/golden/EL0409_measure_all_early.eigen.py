@hybrid_program
def main():
    h(0)
    measure_all()
    h(1)
