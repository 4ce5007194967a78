"""A file's changes through history. Importing this loads pygit2."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pygit2

from dvclite.git.reader import Reader
from dvclite.git.versions import Change
from dvclite.pointer import LARGEST


def changes(
    reader: Reader, prefix: str, path: str, start: str, tags: Mapping[str, str]
) -> Iterator[Change]:
    """Yield the commits that changed a file's bytes, the newest first.

    A merge counts if it differs from all that it merged.

    Args:
        reader: Reads the repository.
        prefix: The folder that the path counts from, from the top: empty, or ending in `/`.
        path: The file.
        start: The commit from which to go back.
        tags: The commits that tags name.

    Raises:
        GitError: Something cannot be read.
    """
    files = _Files(reader, prefix + path)
    tagged: dict[pygit2.Oid, list[str]] = {}
    for name, id_ in tags.items():
        held = files.at(reader.commit(id_))
        if held is not None:
            tagged.setdefault(held, []).append(name)
    for commit in reader.reachable([start], newest_first=True):
        blob = files.at(commit)
        before = [files.at(parent) for parent in commit.parents]
        if blob in before or (blob is None and not before):
            continue
        yield Change(
            commit=str(commit.id),
            date=_date(commit.author.time, commit.author.offset),
            author=_said(commit.author.raw_name, commit),
            subject=_said(commit.raw_message.lstrip().partition(b"\n")[0], commit),
            tags=tuple(sorted(tagged.get(blob, ()))) if blob is not None else (),
            file=reader.load(path, blob, LARGEST) if blob is not None else None,
        )


class _Files:
    """Remembers what lies at one path of each tree."""

    def __init__(self, reader: Reader, path: str) -> None:
        self._reader = reader
        self._path = path
        self._known: dict[pygit2.Oid, pygit2.Oid | None] = {}

    def at(self, commit: pygit2.Commit | None) -> pygit2.Oid | None:
        if commit is None:
            return None
        tree = commit.tree_id
        if tree not in self._known:
            self._known[tree] = self._reader.find(tree, self._path)
        return self._known[tree]


def _date(seconds: int, minutes: int) -> datetime:
    """Return a commit's date. git takes any number for one: what no calendar has is 1970."""
    try:
        zone = timezone(timedelta(minutes=minutes))
        return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).astimezone(zone)
    except (OverflowError, ValueError):
        return datetime.fromtimestamp(0, UTC)


def _said(data: bytes, commit: pygit2.Commit) -> str:
    try:
        return data.decode(commit.message_encoding or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
