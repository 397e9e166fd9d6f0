@hybrid_program
def main():
    for i in range(0, 3, 0):
        h(i)
