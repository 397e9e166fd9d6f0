@hybrid_program
def main():
    class A:
        pass
    f = lambda: 1
    try:
        pass
    finally:
        pass
    with a:
        pass
    global x
    del x
    raise x
    a = {1, 2}
    b = x is None
    c = (i for i in range(3))
    h(*[0])
    h(**{})
    if (y := 1):
        pass
    a @ b
    yield 1
    await 1
