"""The folder that a remote lives in, and what is found below it."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dvclite.errors import RemoteSetupError, RemoteUnavailableError
from dvclite.files import changes
from dvclite.files.folder import Folder

# Network file systems that take care of names themselves say so in one of these ways.
_CANNOT_FLUSH_FOLDERS = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})


class Root:
    """A remote's folder, which may not be there yet, or not be there any more.

    It is only ever made in a folder that exists: where a share should be mounted and is not,
    nothing may quietly begin to fill the local disk. Below it links are not followed. For writing
    that holds against others who change folders meanwhile; for reading, where nothing can go wrong
    that a hash would not show, each folder is looked at once.
    """

    def __init__(self, url: str, path: str, *, folder_mode: int) -> None:
        """Plan to use the folder `path`, in which folders are made with `folder_mode`."""
        self.path = path
        self.folder_mode = folder_mode
        self._url = url
        self._seen = False
        self._real: set[str] = set()
        self._durable: set[str] = set()

    def full(self, key: str) -> str:
        """Return the path of a key or of a folder of keys."""
        return os.path.join(self.path, *key.split("/")) if key else self.path

    @contextmanager
    def writing(self, below: str, *, make: bool = True) -> Iterator[Folder]:
        """Open a folder of keys for writing.

        Args:
            below: Its path from the root on.
            make: Whether to make it, and the root, if they are absent.

        Raises:
            FileNotFoundError: It is absent and was not to be made.
            NotADirectoryError: A file or a link is in its place.
            RemoteSetupError, RemoteUnavailableError: As `expect` raises them.
        """
        with (
            self._open(make=make) as root,
            root.below(below, make=make, mode=self.folder_mode) as folder,
        ):
            yield folder

    def reading(self, below: str) -> Folder | None:
        """Return a folder of keys for reading; None if it is absent.

        Raises:
            NotADirectoryError: A link is in its place.
            RemoteSetupError, RemoteUnavailableError: As `expect` raises them.
        """
        if below not in self._real:
            try:
                with Folder(self.path, None).below(below):
                    self._real.add(below)
            except FileNotFoundError:
                self.expect()
                return None
            except NotADirectoryError as error:
                if _is_link(error):
                    raise
                self.expect()
                return None
        return Folder(self.full(below), None)

    def expect(self) -> None:
        """Return if the root is there, or if it could be made by the first `put`.

        Raises:
            RemoteSetupError: It cannot be made where it should be.
            RemoteUnavailableError: It was there and has vanished.
        """
        seen = self._seen  # Read first: another thread may be making the root right now.
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            if seen:
                raise RemoteUnavailableError(
                    self._url,
                    f"the folder {self.path} has vanished",
                    hint="see whether its disk or share is still mounted, then try again",
                ) from None
            self._expect_place()
        else:
            if not stat.S_ISDIR(found.st_mode):
                raise RemoteSetupError(
                    self._url, f"{self.path} is not a folder", hint="give the path of a folder"
                )
            self._seen = True

    def flush_names(self, below: str, folder: Folder) -> None:
        """Return when the names in a folder of keys, and its own, survive a power cut.

        Args:
            below: Its path from the root on.
            folder: The same, open.
        """
        if below in self._durable:
            _flush(folder)
            return
        parts = below.split("/") if below else []
        for count in range(len(parts), -1, -1):
            with self.writing("/".join(parts[:count]), make=False) as above:
                _flush(above)
        self._flush_own_name()
        self._durable.add(below)

    def remove(self, below: str, names: Iterable[str]) -> None:
        """Remove files from a folder of keys, where they are there."""
        try:
            with self.writing(below, make=False) as folder:
                for name in names:
                    _remove(folder, name)
        except FileNotFoundError:
            pass
        except NotADirectoryError as error:
            if _is_link(error):
                raise

    def _expect_place(self) -> None:
        if os.path.islink(self.path):
            raise RemoteSetupError(
                self._url,
                f"{self.path} is a link to a folder that is not there",
                hint="create that folder, or mount the disk or share it is on",
            )
        above = os.path.dirname(self.path)
        try:
            os.stat(above)
        except FileNotFoundError as error:
            raise RemoteSetupError(
                self._url,
                f"there is no folder {above} to hold the remote",
                hint=f"create it with `mkdir -p {self.path}`, or mount the disk or share it is on",
            ) from error

    def _flush_own_name(self) -> None:
        try:
            above = Folder.open(os.path.dirname(self.path))
        except PermissionError:
            return  # Whoever made the root for us had access.
        with above:
            _flush(above)

    def _open(self, *, make: bool) -> Folder:
        try:
            root = Folder.open(self.path)
        except (FileNotFoundError, NotADirectoryError):
            self.expect()
            if not make:
                raise
            self._make()
            root = Folder.open(self.path)
        self._seen = True
        return root

    def _make(self) -> None:
        try:
            changes.make_folder(self.path, mode=self.folder_mode & 0o777)
        except FileExistsError:
            return  # Somebody else began to use the remote at the same time.
        if self.folder_mode > 0o777:
            changes.set_mode(self.path, self.folder_mode)


def _flush(folder: Folder) -> None:
    if folder.fd is None:
        return  # Windows journals names itself and cannot open a folder.
    try:
        changes.flush(folder.fd)
    except OSError as error:
        if error.errno not in _CANNOT_FLUSH_FOLDERS:
            raise


def _remove(folder: Folder, name: str) -> None:
    try:
        folder.unlink(name)
    except FileNotFoundError:
        pass
    except PermissionError:
        found = folder.lstat(name)
        if found is None or stat.S_ISDIR(found.st_mode):
            return
        if os.name != "nt":
            raise
        folder.set_mode(name, 0o666)
        folder.unlink(name)
    except IsADirectoryError:
        pass  # Keys lie below it; it is none itself.


def _is_link(error: OSError) -> bool:
    return bool(error.filename) and os.path.islink(error.filename)
