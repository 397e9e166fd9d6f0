@hybrid_program
def main():
    x = range(3)
    for i in range(100):
        x = enumerate(x)
