"""The keys below a folder, one after the other as the file system tells them."""

import os
import stat
from collections.abc import Iterator

from dvclite.remote import RemoteEntry
from dvclite_local.keys import LONGEST, is_key, is_part
from dvclite_local.root import Root


def entries(root: Root, prefix: str) -> Iterator[RemoteEntry]:
    """Yield every key that begins with `prefix`.

    What cannot be a key is passed over: staging, links, files that other programs left there.
    """
    below, slash, beginning = prefix.rpartition("/")
    if slash and not is_key(below):
        return
    if root.reading(below) is not None:
        yield from _walk(root.full(below), f"{below}/" if below else "", beginning)


def _walk(folder: str, prefix: str, beginning: str) -> Iterator[RemoteEntry]:
    try:
        listing = os.scandir(folder)
    except FileNotFoundError:
        return  # Somebody removed it since its name was read.
    with listing:
        for entry in listing:
            if not entry.name.startswith(beginning) or not is_part(entry.name):
                continue
            key = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, key + "/", "")
            elif len(key) <= LONGEST:
                size = _size(entry)
                if size is not None:
                    yield RemoteEntry(key, size)


def _size(entry: os.DirEntry[str]) -> int | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
