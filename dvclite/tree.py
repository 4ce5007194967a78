"""A directory as one value: its files, sorted by path.

A tree is a stream of entries wherever it is worked on, so that a directory of a million files
needs no million values in memory at once. How the entries are written down is the format's
business (`dvclite.formats`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import lt
from typing import Final, NamedTuple
from unicodedata import normalize

from dvclite.errors import HostilePathError, TreeError
from dvclite.hashing import BlobRef, Oid
from dvclite.paths import are_plain, check_link, check_path

NO_OID = Oid("")

TOGETHER: Final = 1000
"""How many entries to look at together where that takes less time than one after the other."""


class Entry(NamedTuple):
    """One file, symbolic link or empty folder of a tree.

    A NamedTuple, because a million of them pass by.

    Attributes:
        path: Relative to the tree's root, with `/` between its parts; an empty folder's ends in
            `/`. Bytes that are not UTF-8 are lone surrogates, as in Python's file names.
        oid: The content's name; empty for links and folders.
        size: The content's length in bytes; -1 where the format does not tell.
        executable: Whether the owner may run the file.
        link: What a symbolic link says; None for everything else.
    """

    path: str
    oid: Oid = NO_OID
    size: int = 0
    executable: bool = False
    link: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it has content of its own."""
        return bool(self.oid)

    @property
    def is_folder(self) -> bool:
        """Whether it is an empty folder."""
        return self.path.endswith("/")

    @property
    def ref(self) -> BlobRef:
        """The content of a file."""
        return BlobRef(self.oid, self.size)

    def same_content(self, other: "Entry") -> bool:
        """Say whether two entries stand for the same thing at their paths."""
        return (
            self.oid == other.oid
            and self.link == other.link
            and self.executable == other.executable
        )


@dataclass(frozen=True, slots=True)
class Tree:
    """A directory in its written form, which has been checked: see `dvclite.formats.format`.

    Attributes:
        data: The written form, byte for byte: what is hashed, stored and sent.
        oid: Its name.
        files: How many files and links are in it.
        size: How many bytes these files hold; -1 where the format does not tell.
        decode: Reads `data`.
    """

    data: bytes
    oid: Oid
    files: int
    size: int
    decode: Callable[[bytes], Iterator[Entry]]

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries, sorted by path."""
        return self.decode(self.data)

    @property
    def ref(self) -> BlobRef:
        """The tree as a blob."""
        return BlobRef(self.oid, len(self.data))


def checked(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Pass entries on, and refuse what no tree of ours holds.

    Raises:
        TreeError: Paths are not sorted, stand twice, or one is a file and a folder.
        HostilePathError: A path would lead out of its place.
    """
    previous = ""
    above: list[str] = []  # Earlier paths that the current one begins with.
    rest = iter(entries)
    while group := list(islice(rest, TOGETHER)):
        paths = [entry.path for entry in group]
        has_links = any(entry.link is not None for entry in group)
        if not above and not has_links and _are_simple(previous, paths):
            yield from group
        else:
            yield from _checked(group, previous, above)
        previous = paths[-1]


def _are_simple(previous: str, paths: list[str]) -> bool:
    """Say whether paths need no closer look, after another one."""
    before = [previous or "\0", *paths[:-1]]
    return (
        all(map(lt, before, paths))
        and not any(map(str.startswith, paths, before))
        and are_plain(paths)
    )


def _checked(entries: Iterable[Entry], previous: str, above: list[str]) -> Iterator[Entry]:
    for entry in entries:
        path = entry.path
        check_path(path.removesuffix("/"))
        if path <= previous:
            raise TreeError(f"{path!r} is out of order")
        if previous and path.startswith(previous):
            above.append(previous)
        elif above:
            above[:] = [name for name in above if path.startswith(name)]
        if above and any("/" in (name[-1], path[len(name)]) for name in above):
            raise TreeError(f"{path!r} is below a file or an empty folder of the tree")
        if entry.link is not None:
            check_link(path, entry.link)
        previous = path
        yield entry


def joined(
    left: Iterable[Entry], right: Iterable[Entry]
) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Yield the entries of two trees side by side, by path; None where one lacks the path."""
    ours, theirs = iter(left), iter(right)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.path < other.path):
            yield one, None
            one = next(ours, None)
        elif one is None or other.path < one.path:
            yield None, other
            other = next(theirs, None)
        else:
            yield one, other
            one, other = next(ours, None), next(theirs, None)


def below(entries: Iterable[Entry], path: str) -> Iterator[Entry]:
    """Yield the entries at `path` and below it; all of them where it is empty."""
    folder = path + "/"
    return (
        entry
        for entry in entries
        if not path or entry.path == path or entry.path.startswith(folder)
    )


def grafted(
    entries: Iterable[Entry], paths: Iterable[str], replacement: Sequence[Entry]
) -> Iterator[Entry]:
    """Yield a tree with what is at and below some paths replaced.

    A file or empty folder that stands where a folder is needed now gives way.

    Args:
        entries: The tree, sorted.
        paths: Where the replacement belongs.
        replacement: Sorted entries, each at or below one of the paths.
    """
    replaced = frozenset(paths)
    needed = frozenset(above for new in replacement for above in _ancestors(new.path)[:-1])
    for old, new in joined(_without(entries, replaced, needed), replacement):
        entry = old if old is not None else new
        if entry is not None:
            yield entry


def _without(
    entries: Iterable[Entry], replaced: frozenset[str], needed: frozenset[str]
) -> Iterator[Entry]:
    """Pass on what is neither at or below a path that is replaced, nor at a folder needed."""
    previous, is_below = "", False
    for entry in entries:
        path = entry.path.removesuffix("/")
        folder = path.rpartition("/")[0]
        if folder != previous:
            previous, is_below = folder, not replaced.isdisjoint(_ancestors(folder))
        if not is_below and path not in replaced and path not in needed:
            yield entry


def _ancestors(path: str) -> list[str]:
    """Return the folders that a path is in, from the top, and the path itself."""
    path = path.removesuffix("/")
    found = [path[:place] for place, letter in enumerate(path) if letter == "/"]
    found.append(path)
    return found


def check_spelling(entries: Iterable[Entry]) -> None:
    """Return if no two names differ only in spelling, for file systems that take them for one.

    Args:
        entries: A tree, sorted.

    Raises:
        HostilePathError: Two files, two folders, or a file and a folder do.
    """
    seen: dict[str, str] = {}
    previous = ""
    for entry in entries:
        path = entry.path.removesuffix("/")
        folder = path.rpartition("/")[0]
        # The folders above were looked at when the first path in this one came by.
        for name in [path] if folder == previous else _ancestors(path):
            known = seen.setdefault(normalize("NFC", name.casefold()), name)
            if known != name:
                raise HostilePathError(entry.path, f"{known!r} is the same name on this system")
        previous = folder
