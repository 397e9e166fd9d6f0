@hybrid_program
def main():
    h(0)
    r = minimize(1, [0.1])
