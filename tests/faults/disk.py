"""What a power cut would leave of what was written: a disk that forgets what was not flushed.

Content counts as kept once its file was flushed, and a name once its folder was; a flush of the
whole file system keeps all. What was not kept may be there after a cut or may not be, so both are
tried: content that is lost under a name that is kept, and names that are lost.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Name(NamedTuple):
    """A change of names that has not been flushed, and how to take it back.

    Attributes:
        folders: The folders of which a flush keeps it.
        made: The path that has something now; empty where nothing was made.
        came_from: Where that was before; empty where it is new.
        gone: The path at which something was before; empty where nothing was.
        saved: Where that is kept; empty for a folder.
        removed: The folder's number, for a folder.
    """

    folders: tuple[int, ...]
    made: str = ""
    came_from: str = ""
    gone: str = ""
    saved: str = ""
    removed: int = 0


@dataclass(slots=True)
class Lost:
    """What a power cut may take away.

    Attributes:
        contents: Files whose content was not flushed, by number.
        names: Changes of names that were not flushed, in their order.
    """

    contents: set[int] = field(default_factory=set)
    names: list[Name] = field(default_factory=list)

    def paths(self, folder: Path) -> list[str]:
        """Return the paths whose content or name may be gone, relative to a folder."""
        contents = [path for path in _files(folder) if os.lstat(path).st_ino in self.contents]
        names = [name.made for name in self.names if os.path.lexists(name.made)]
        return sorted({os.path.relpath(path, folder) for path in contents + names})

    def keep_names(self, folder: int) -> None:
        """Take note that a folder was flushed.

        With a folder that is gone for good, all changes in it are.
        """
        kept, going = {folder}, True
        while going:
            rest = [name for name in self.names if not kept.intersection(name.folders)]
            gone = {name.removed for name in self.names if name not in rest}
            going = not gone <= kept
            kept |= gone
            self.names = rest

    def lose_contents(self, folder: Path) -> None:
        """Empty the files that were not flushed, wherever they are below a folder."""
        for path in _files(folder):
            if os.lstat(path).st_ino in self.contents and not os.path.islink(path):
                os.truncate(path, 0)

    def lose_names(self) -> None:
        """Take back the changes of names that were not flushed, the last first.

        What a later change that was flushed has moved or removed has no name to lose any more.
        """
        for name in reversed(self.names):
            if os.path.lexists(name.made):
                _take_back(name)
            if not name.gone or os.path.lexists(name.gone):
                continue
            os.makedirs(os.path.dirname(name.gone), exist_ok=True)
            if name.saved:
                os.link(name.saved, name.gone, follow_symlinks=False)
            else:
                os.mkdir(name.gone)


def _take_back(name: Name) -> None:
    if name.came_from:
        os.makedirs(os.path.dirname(name.came_from), exist_ok=True)
        os.rename(name.made, name.came_from)
    elif os.path.isdir(name.made) and not os.path.islink(name.made):
        shutil.rmtree(name.made)
    else:
        os.unlink(name.made)


class Disk:
    """Watches changes, and knows what is not flushed yet."""

    def __init__(self, graveyard: str) -> None:
        """Keep what is replaced or removed in `graveyard`, on the same file system."""
        self.lost = Lost()
        self._graveyard = graveyard
        self._count = 0

    def before(self, call: str, path: str) -> str:
        """Save what a change will take a name from; return where that is, or a folder's number."""
        if call == "rmdir":
            return str(os.stat(path).st_ino)
        is_folder = os.path.isdir(path) and not os.path.islink(path)
        if call not in ("unlink", "replace") or is_folder or not os.path.lexists(path):
            return ""
        self._count += 1
        saved = os.path.join(self._graveyard, f"{os.getpid()}-{self._count}")
        os.link(path, saved, follow_symlinks=False)
        return saved

    def after(self, call: str, path: str, source: str, saved: str) -> None:
        """Take note of a change that was made."""
        names = self.lost.names
        match call:
            case "write" | "ftruncate" | "clone":
                self.lost.contents.add(os.stat(path).st_ino)
            case "fsync":
                number = os.stat(path).st_ino
                self.lost.contents.discard(number)
                self.lost.keep_names(number)
            case "syncfs":
                self.lost = Lost()
            case "open" | "mkdir" | "symlink" | "link":
                names.append(Name(_folders(path), made=path))
            case "unlink":
                names.append(Name(_folders(path), gone=path, saved=saved))
            case "rmdir":
                names.append(Name(_folders(path), gone=path, removed=int(saved)))
            case "replace":
                gone = path if saved else ""
                folders = _folders(path, source)
                names.append(Name(folders, made=path, came_from=source, gone=gone, saved=saved))


def _folders(*paths: str) -> tuple[int, ...]:
    return tuple(os.stat(os.path.dirname(path)).st_ino for path in paths)


def _files(folder: Path) -> list[str]:
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
