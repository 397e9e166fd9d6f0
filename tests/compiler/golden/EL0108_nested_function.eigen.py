@hybrid_program
def main():
    def f():
        pass
    h(0)
