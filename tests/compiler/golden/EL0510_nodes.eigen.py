# test: {"limits": {"syntax_nodes": 8}}
@hybrid_program
def main():
    h(0)
    h(1)
    h(2)
