@hybrid_program
def main():
    s = "äöü"; hh(0)
