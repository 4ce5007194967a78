"""Names of files that belong to one running process, and whether that process still runs."""

import os
import secrets
import socket
import time

_FORGOTTEN = 24 * 3600.0
"""Seconds after which what another machine's process left unchanged counts as left behind."""


def own_name() -> str:
    """Return a new name that tells the machine and the process."""
    return f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def is_left_behind(name: str, path: str) -> bool:
    """Say whether the process that made `path` under such a name is gone.

    Of another machine's process only silence can be known: a day of it counts.
    """
    machine, _, process = name.rpartition("-")[0].rpartition("-")
    if not machine or not process.isdigit():
        return False
    if machine == _machine() and os.name != "nt":
        return not _is_running(int(process))
    try:
        return time.time() - os.stat(path).st_mtime > _FORGOTTEN
    except FileNotFoundError:
        return False


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _machine() -> str:
    return socket.gethostname().replace(os.sep, "_") or "localhost"
