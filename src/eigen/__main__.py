"""`python -m eigen`: the command line."""

from eigen.cli.app import main

if __name__ == "__main__":
    main()
