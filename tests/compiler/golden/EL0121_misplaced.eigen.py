@hybrid_program
def main():
    h(0)
    break
    if True:
        continue
