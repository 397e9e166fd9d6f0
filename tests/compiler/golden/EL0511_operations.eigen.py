# test: {"limits": {"operations": 3}}
@hybrid_program
def main():
    for i in range(4):
        h(i)
