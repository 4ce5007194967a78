"""What git leaves alone in this clone, whichever commit is checked out."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from dvclite.files.atomic import write_atomically
from dvclite.git.location import find_place

_SPECIAL = re.compile(rb"[\\*?\[ ]")


def exclude(root: Path, environ: Mapping[str, str], paths: Iterable[str]) -> None:
    """Keep git from ever listing or adding some paths, without a file that it tracks.

    A `.gitignore` is not there any more where a commit is checked out that is older than it is.
    Where the clone's own list cannot be written, that is left to `.gitignore` alone.

    Args:
        root: A folder in a git work tree.
        environ: The process's environment.
        paths: Relative to the root.

    Raises:
        GitError: The root is in no git work tree.
    """
    place = find_place(root, environ)
    path = place.common_dir / "info" / "exclude"
    try:
        text = path.read_bytes() if path.exists() else b""
        lines = [_line(f"{place.prefix}{name}") for name in paths]
        missing = [line for line in lines if line not in text.splitlines()]
        if missing and path.parent.is_dir():
            ended = text if not text or text.endswith(b"\n") else text + b"\n"
            write_atomically(path, ended + b"".join(line + b"\n" for line in missing))
    except PermissionError:
        return


def _line(path: str) -> bytes:
    return b"/" + _SPECIAL.sub(rb"\\\g<0>", os.fsencode(path))
