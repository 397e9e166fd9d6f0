@hybrid_program
def main():
    x = __builtins__
    y = q.__class__
