"""Local copies of what never changes, in a folder that may be lost at any time."""

import os
from collections.abc import Collection
from pathlib import Path

from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.files.owners import is_left_behind, own_name
from dvclite.files.staging import make_folder

_NAME_LENGTH = 64


class Copies:
    """Copies by the ids of packs. Whoever reads one verifies it."""

    def __init__(self, folder: Path) -> None:
        """Look in `folder`, which need not exist."""
        self._folder = os.fspath(folder)

    def read(self, pack: str, most: int) -> bytes | None:
        """Return the copy of a pack, or of a part of it; None if there is none.

        Args:
            pack: Its id.
            most: How many bytes it has at most.
        """
        try:
            with open(os.path.join(self._folder, pack), "rb") as file:
                data = file.read(most + 1)
        except OSError:
            return None
        return data if len(data) <= most else None

    def keep(self, pack: str, data: bytes) -> None:
        """Write a copy, so that nobody ever meets a half of it."""
        partial = os.path.join(self._folder, own_name())
        fd = changes.create(partial)
        try:
            try:
                changes.write(fd, data)
            finally:
                changes.close(fd)
            changes.rename(partial, os.path.join(self._folder, pack))
        except BaseException:
            discard(partial)
            raise

    def tidy(self, packs: Collection[str]) -> set[str]:
        """Make the folder where it is absent, and remove what is of no use.

        Args:
            packs: The packs that there are.

        Returns:
            Which of these have a copy.
        """
        make_folder(self._folder)
        names = os.listdir(self._folder)
        for name in names:
            path = os.path.join(self._folder, name)
            is_gone = name not in packs if len(name) == _NAME_LENGTH else is_left_behind(name, path)
            if is_gone:
                discard(path)
        return {name for name in names if name in packs}
