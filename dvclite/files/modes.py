"""Permissions of files."""


def runnable(mode: int) -> int:
    """Return permissions with those to run a file, as `chmod +x` gives them: to all who may read it."""
    return mode | (mode & 0o444) >> 2
