@hybrid_program
def main():
    d = {"a": 1}
    n = d["b"]
