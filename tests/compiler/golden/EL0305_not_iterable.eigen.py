@hybrid_program
def main():
    for i in 3:
        h(i)
