"""What reading history yields."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Wanted = Callable[[str], bool]
"""Says by its path whether a file is to be read."""


class FileVersion(NamedTuple):
    """A file as a commit or an index holds it.

    A NamedTuple, because a long history has very many.

    Attributes:
        path: Relative to the root, with `/` between its parts.
        blob: git's name for the content.
        size: In bytes.
        data: The content; None where there is more of it than was asked for.
    """

    path: str
    blob: str
    size: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that changed a file.

    Attributes:
        commit: Its id.
        date: When it was written, with its author's offset from UTC.
        author: Who wrote it, by name.
        subject: The first line of what its author said.
        tags: The names of the tags whose commits hold the file with just these bytes.
        file: The file as of this commit; None if the commit removed it.
    """

    commit: str
    date: datetime
    author: str
    subject: str
    tags: tuple[str, ...]
    file: FileVersion | None
