@hybrid_program
def main():
    rx(0, "pi")
