def main():
    h(0)
