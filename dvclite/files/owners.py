"""Names of files that belong to one running process, and whether that process still runs."""

import functools
import os
import re
import sys
import time

_FORGOTTEN = 24 * 3600.0
"""Seconds after which what another machine's process left unchanged counts as left behind."""


_NAME = re.compile(r"(?P<machine>.+)-(?P<process>[0-9]+)-[0-9a-f]{8}", re.DOTALL)


def own_name() -> str:
    """Return a new name that tells the machine and the process."""
    return f"{_machine()}-{os.getpid()}-{os.urandom(4).hex()}"


def is_left_behind(name: str, path: str) -> bool:
    """Say whether the process that made `path` under such a name is gone.

    Of another machine's process only silence can be known: a day of it counts.
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        return False
    if parts["machine"] == _machine() and os.name != "nt":
        return not _is_running(int(parts["process"]))
    try:
        return time.time() - os.lstat(path).st_mtime > _FORGOTTEN
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


@functools.cache
def _machine() -> str:
    """Name what process numbers are unique in: a machine since it started, or one container."""
    host = _host().replace(os.sep, "_") or "localhost"
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            start = stream.read(8)
        return f"{host}-{start}{os.stat('/proc/self/ns/pid').st_ino:x}"
    except OSError:
        return host


def _host() -> str:
    if sys.platform != "win32":
        return os.uname().nodename
    import socket

    return socket.gethostname()
