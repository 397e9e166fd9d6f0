# test: {"limits": {"source_bytes": 40}}
@hybrid_program
def main():
    h(0)
