"""Lets `python -m dvclite` stand in for the `dvclite` command."""

from dvclite.cli import main

if __name__ == "__main__":
    main()
