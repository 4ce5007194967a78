"""What Git LFS keeps: the small texts that stand in git for files, and where the files are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dvclite.git.location import find_place
from dvclite.git.program import joined, run, split, text

_LARGEST = 1024
"""A text of more bytes than this does not stand for a file of Git LFS's."""

_POINTER = re.compile(
    rb"version https://(?:git-lfs\.github\.com/spec|hawser\.github\.com/spec)/v1\n"
    rb"(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n"
)


class LfsFile(NamedTuple):
    """A file that git tracks by a text of Git LFS's.

    Attributes:
        path: Relative to the root.
        oid: The SHA-256 of its content.
        size: In bytes.
        executable: Whether git says that it can be run.
    """

    path: str
    oid: str
    size: int
    executable: bool


def parse_text(data: bytes) -> tuple[str, int] | None:
    """Return the hash and the size that a text of Git LFS's tells; None if it is none."""
    match = _POINTER.fullmatch(data) if len(data) <= _LARGEST else None
    return (match[1].decode("ascii"), int(match[2])) if match is not None else None


def lfs_files(root: Path, environ: Mapping[str, str]) -> list[LfsFile]:
    """Return the files below a root that the index has as texts of Git LFS's, sorted.

    Raises:
        GitError: git refused.
    """
    listed = list(_listed(root, environ))
    sizes = run(
        ["cat-file", "--batch-check=%(objectname) %(objecttype) %(objectsize)"],
        root,
        environ,
        given="".join(
            f"{blob}\n" for blob in dict.fromkeys(blob for _, blob, _ in listed)
        ).encode(),
    )
    small = [
        words[0]
        for words in (line.split() for line in sizes.out.decode("ascii", "replace").splitlines())
        if len(words) == 3 and words[1] == "blob" and int(words[2]) <= _LARGEST
    ]
    texts = dict(_contents(root, environ, small))
    found = []
    for mode, blob, path in listed:
        told = parse_text(texts.get(blob, b""))
        if told is not None:
            found.append(LfsFile(path, *told, executable=mode == "100755"))
    return sorted(found)


def lfs_stores(root: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return the folders in which Git LFS may keep files on this machine.

    Raises:
        GitError: The root is in no git work tree.
    """
    place = find_place(root, environ)
    set_to = text(run(["config", "lfs.storage"], root, environ, accepted=(0, 1)).out).strip()
    usual = place.common_dir / "lfs"
    return [(place.common_dir / set_to if set_to else usual) / "objects"]


def stored_at(store: Path, oid: str) -> Path:
    """Return where a store has a file."""
    return store / oid[:2] / oid[2:4] / oid


def governed(root: Path, environ: Mapping[str, str], paths: Sequence[str]) -> set[str]:
    """Return those of some paths that git would hand to Git LFS when they are staged.

    Raises:
        GitError: git refused.
    """
    answer = run(["check-attr", "-z", "--stdin", "filter"], root, environ, given=joined(paths))
    words = split(answer.out)
    return {words[at] for at in range(0, len(words) - 2, 3) if words[at + 2] == "lfs"}


def _listed(root: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for line in split(run(["ls-files", "--stage", "-z"], root, environ).out):
        told, _, path = line.partition("\t")
        mode, blob, stage = told.split()
        if stage == "0" and mode.startswith("100"):
            yield mode, blob, path


def _contents(
    root: Path, environ: Mapping[str, str], blobs: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    given = "".join(f"{blob}\n" for blob in blobs).encode()
    data = run(["cat-file", "--batch"], root, environ, given=given).out
    place = 0
    while place < len(data):
        end = data.index(b"\n", place)
        blob, _kind, size = data[place:end].decode("ascii").split()
        start = end + 1
        yield blob, data[start : start + int(size)]
        place = start + int(size) + 1
