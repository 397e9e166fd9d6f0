# test: {"limits": {"steps": 100}}
@hybrid_program
def main():
    while True:
        pass
