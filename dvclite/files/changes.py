"""Every call that changes the file system, and nothing else.

All other modules go through here, so that a test can put a fault before or after each change, and
so that a reader who asks what dvclite can do to a disk has one page to read.
"""

import errno
import os
import sys
import threading

_NEW_FILE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)
_LOCK_FILE = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)

_PARTIAL_FILE = _LOCK_FILE | getattr(os, "O_BINARY", 0)

_SEEKING = threading.Lock()

NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""What systems answer when a disk is full, or the share of it that a user may take."""

_CANNOT_FLUSH_DRIVE = frozenset({errno.ENOTSUP, errno.ENOTTY, errno.EINVAL})

_SYNC_FILE_RANGE_WRITE = 2

_FICLONE = 0x40049409
_CANNOT_CLONE = frozenset(
    {errno.EXDEV, errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)


def create(path: str, *, mode: int = 0o666, folder: int | None = None) -> int:
    """Make a new, empty file and return it open for writing.

    Args:
        path: Where, relative to `folder`.
        mode: Permission bits, from which the umask is taken.
        folder: An open directory that `path` is relative to.

    Raises:
        FileExistsError: Something has that name.
    """
    return os.open(path, _NEW_FILE, mode, dir_fd=folder)


def open_lock(path: str) -> int:
    """Open the file that a lock rests on, made if it is absent."""
    return os.open(path, _LOCK_FILE, 0o666)


def open_partial(path: str) -> int:
    """Open a file that is filled in any order, made if it is absent, for reading and writing."""
    return os.open(path, _PARTIAL_FILE, 0o666)


def write(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`, however many calls that takes."""
    try:
        done = os.write(fd, data)
        if done < len(data):
            view = memoryview(data)
            while done < len(view):
                done += os.write(fd, view[done:])
    except OSError as error:
        _name(error, fd)
        raise


def write_at(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of `data` at a place in an open file. Safe from many threads."""
    if sys.platform == "win32":
        with _SEEKING:
            os.lseek(fd, offset, os.SEEK_SET)
            write(fd, data)
        return
    view = memoryview(data)
    try:
        while view:
            done = os.pwrite(fd, view, offset)
            view, offset = view[done:], offset + done
    except OSError as error:
        _name(error, fd)
        raise


def close(fd: int) -> None:
    """Close a file that was written: the last moment at which some systems report an error."""
    os.close(fd)


def flush(fd: int) -> None:
    """Return when the content of a file, or the names in a directory, survive a power cut."""
    if sys.platform == "darwin":
        import fcntl

        try:
            # On macOS fsync stops at the drive's own cache.
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
            return
        except OSError as error:
            if error.errno not in _CANNOT_FLUSH_DRIVE:
                raise
    try:
        os.fsync(fd)
    except OSError as error:
        _name(error, fd)
        raise


def begin_flush(fd: int) -> None:
    """Send what was written to a file on its way to the disk, and do not wait for it.

    A flush then has less to wait for. Only a hint: nothing is durable yet, and where the system
    cannot do this, it does nothing (all but Linux).
    """
    if sys.platform == "linux":
        import ctypes

        begin = getattr(ctypes.CDLL(None), "sync_file_range", None)
        if begin is not None:
            # Whatever it answers, the flush will say whether all could be written.
            begin(fd, ctypes.c_int64(0), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


def flush_filesystem(fd: int) -> None:
    """Return when all that was written to the file system of `fd` survives a power cut (Linux)."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
        code = ctypes.get_errno()
        error = OSError(code, os.strerror(code))
        _name(error, fd)
        raise error


def rename(
    source: str, target: str, *, source_folder: int | None = None, target_folder: int | None = None
) -> None:
    """Give a file another name, in place of whatever had it."""
    os.replace(source, target, src_dir_fd=source_folder, dst_dir_fd=target_folder)


def link(source: str, target: str, *, target_folder: int | None = None) -> None:
    """Give a file a second name.

    Raises:
        FileExistsError: Something has that name.
    """
    os.link(source, target, dst_dir_fd=target_folder, follow_symlinks=False)


def symlink(pointed_to: str, target: str, *, folder: int | None = None) -> None:
    """Make a symbolic link called `target` that says `pointed_to`."""
    os.symlink(pointed_to, target, dir_fd=folder)


def clone(source: int, target: int) -> bool:
    """Make the open file `target` share the blocks of the open file `source`.

    Returns:
        Whether that was done; False where the file system cannot.
    """
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _CANNOT_CLONE:
            return False
        _name(error, target)
        raise
    return True


def unlink(path: str, *, folder: int | None = None) -> None:
    """Take a name away from a file."""
    os.unlink(path, dir_fd=folder)


def make_folder(path: str, *, mode: int = 0o777, folder: int | None = None) -> None:
    """Make a directory.

    Raises:
        FileExistsError: Something has that name.
    """
    os.mkdir(path, mode, dir_fd=folder)


def remove_folder(path: str, *, folder: int | None = None) -> None:
    """Remove an empty directory."""
    os.rmdir(path, dir_fd=folder)


def set_mode(path: str, mode: int, *, folder: int | None = None) -> None:
    """Set the permission bits of a file or directory."""
    os.chmod(path, mode, dir_fd=folder)


def truncate(fd: int, size: int) -> None:
    """Make an open file `size` bytes long."""
    os.ftruncate(fd, size)


def touch(path: str, *, ahead: float = 0.0) -> None:
    """Set the times of a file to the file system's own present, or to so many seconds later."""
    if ahead:
        moment = os.stat(path).st_ctime + ahead
        os.utime(path, (moment, moment))
    else:
        os.utime(path)


def _name(error: OSError, fd: int) -> None:
    """Let an error tell the path of an open file, where the system knows it (Linux)."""
    if error.filename is None:
        try:
            error.filename = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            pass
