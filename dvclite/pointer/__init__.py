"""The small YAML file that git tracks in place of data.

    outs:
    - blake3: 5f1c0a…
      size: 14445097
      nfiles: 1000
      hash: blake3
      path: images

The schema is DVC's; the key that holds the oid is the algorithm's name. `reading` and `writing` turn
the file into these values and back.
"""

from dataclasses import dataclass
from posixpath import basename

from dvclite.hashing import Oid
from dvclite.pointer.cloudversion import CloudVersion
from dvclite.pointer.origin import Origin

SUFFIX = ".dvc"
LARGEST = 1 << 20
"""A pointer of more bytes than this is refused."""


@dataclass(frozen=True, slots=True)
class Output:
    """A file or directory that a pointer names.

    Attributes:
        path: Relative to the repository's root, with `/` between its parts.
        oid: Its content, a tree's for a directory; None where it was never computed.
        size: In bytes, of all files together; -1 where it is not recorded.
        files: How many files a directory has; None for a file.
        executable: Whether the owner of a file may run it.
        desc: What the user says about it.
        remote: The remote it goes to instead of the default one.
        pushed: Whether `push` takes it along.
        cached: Whether its content is kept in the cache at all.
        origin: Where it was imported from; None if it was made here.
        versions: Where versions of it, or of the files in it, are on a remote that keeps versions.
        is_spelled_out: Whether the pointer lists what is in it, in place of an oid.
    """

    path: str
    oid: Oid | None
    size: int = -1
    files: int | None = None
    executable: bool = False
    desc: str | None = None
    remote: str | None = None
    pushed: bool = True
    cached: bool = True
    origin: Origin | None = None
    versions: tuple[CloudVersion, ...] = ()
    is_spelled_out: bool = False

    @property
    def is_directory(self) -> bool:
        """Whether its content is a tree."""
        return self.oid is not None and self.oid.endswith(".dir")


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer file.

    Attributes:
        path: The file itself, relative to the repository's root.
        outputs: What it names: one output as a rule.
        text: Its content.
        read_only: Whether another program makes what it names, and alone changes it.
    """

    path: str
    outputs: tuple[Output, ...]
    text: str
    read_only: bool = False


def pointer_path(output: str) -> str:
    """Return where the pointer of an output belongs: beside it."""
    return output + SUFFIX


def is_pointer(path: str) -> bool:
    """Say whether a file's name is that of a pointer."""
    return path.endswith(SUFFIX) and basename(path) != SUFFIX
