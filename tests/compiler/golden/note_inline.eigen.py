# test: {"inline_line": 12, "inline_indent": 4}
@hybrid_program
def main():
    h(0)
    hh(1)
