"""Reading small files that others wrote: never more than a bound, never from a pipe or device."""

import os
import stat

from dvclite.errors import FileAccessError

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    # Opening a pipe that nobody writes to would wait for ever.
    | getattr(os, "O_NONBLOCK", 0)
)


def read_small(path: str | os.PathLike[str], *, largest: int = 1 << 20) -> bytes | None:
    """Return a regular file's whole content, or None if it is absent.

    A symbolic link is followed.

    Args:
        path: The file.
        largest: The most bytes that are read into memory.

    Raises:
        FileAccessError: It is larger, something else than a file, or cannot be read.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb", opener=_open) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileAccessError(name, "not a regular file")
            data = file.read(largest + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FileAccessError(name, error.strerror or str(error)) from error
    if len(data) > largest:
        raise FileAccessError(name, f"larger than {largest:,} bytes")
    return data


def _open(path: str, _flags: int) -> int:
    return os.open(path, _FLAGS)
