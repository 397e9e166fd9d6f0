@hybrid_program
def main():
    for i in range(3):
        h(i)
        break
        x(i)
    return 3
    h(5)
