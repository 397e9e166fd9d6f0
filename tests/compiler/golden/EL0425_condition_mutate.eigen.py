@hybrid_program
def main():
    m = measure(0)
    xs = [1]
    if m:
        xs += [2]
