h(0)
for i in range(3):
    x(i)
@hybrid_program
def main():
    h(0)
