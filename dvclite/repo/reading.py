"""Reading tracked files from Python, of any version, checked out or not."""

import io
import os
from collections.abc import Mapping
from typing import IO, Any

from dvclite.errors import NotAnOutputError
from dvclite.progress import SILENT
from dvclite.repo.checkout import outputs_at
from dvclite.repo.exchange import fetch_parts
from dvclite.repo.project import Project
from dvclite.repo.versions import Choice
from dvclite.tree import below
from dvclite.workspace.compare import wanted_entries


def open(
    path: str | os.PathLike[str],
    mode: str = "r",
    *,
    rev: str | None = None,
    repo: str | os.PathLike[str] = ".",
    remote: str | None = None,
    encoding: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> IO[Any]:
    """Open a tracked file for reading.

    Its content comes from the cache, and from a remote where the cache lacks it. It is verified
    on its way.

    Args:
        path: The file: absolute, or relative to the current folder.
        mode: `r` or `rb`.
        rev: The revision of git whose version is meant; None for that of the workspace's pointer.
        repo: Where to look for the repository.
        remote: The remote to fetch from; None for the default, then the others.
        encoding: Of a text file; UTF-8 where it is None.
        environ: Variables to use in place of the process's.

    Raises:
        NotAnOutputError: No pointer of that version names the file.
        BlobMissingError: Its content is nowhere.
        UnknownRevisionError, NotARepoError: As they say.

    Example:
        >>> with dvclite.open("data/train.csv", rev="v1.0") as lines:
        ...     header = next(lines)
    """
    if mode not in ("r", "rt", "rb"):
        raise ValueError(f"tracked files are read only: mode {mode!r}")
    stream = _stream(_project(repo, environ), path, rev, remote)
    if mode == "rb":
        return stream
    return io.TextIOWrapper(stream, encoding=encoding or "utf-8")


def read(
    path: str | os.PathLike[str],
    mode: str = "r",
    *,
    rev: str | None = None,
    repo: str | os.PathLike[str] = ".",
    remote: str | None = None,
    encoding: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Any:
    """Return the content of a tracked file: text, or bytes with the mode `rb`.

    Arguments and errors as those of `open`.
    """
    if mode not in ("r", "rt", "rb"):
        raise ValueError(f"tracked files are read only: mode {mode!r}")
    with _stream(_project(repo, environ), path, rev, remote) as stream:
        data = stream.read()
    return data if mode == "rb" else data.decode(encoding or "utf-8")


def _project(repo: str | os.PathLike[str], environ: Mapping[str, str] | None) -> Project:
    return Project.open(repo, os.environ if environ is None else environ)


def _stream(
    project: Project, name: str | os.PathLike[str], rev: str | None, remote: str | None
) -> IO[bytes]:
    path = project.relative(name)
    (named,) = outputs_at(project, rev, [path])
    with project.cache.lease() as lease:
        output = named.output
        is_known = output.oid is not None and output.oid in project.cache
        if output.is_directory and not is_known:
            fetch_parts(project, [(output, path)], Choice(remote=remote), lease, SILENT)
        found = list(below(wanted_entries(project.workspace, output), path))
        if [entry.path for entry in found] != [path] or not found[0].is_file:
            raise NotAnOutputError(path, hint="it is no single file of that version")
        if found[0].oid not in project.cache:
            fetch_parts(project, [(output, path)], Choice(remote=remote), lease, SILENT)
        return project.cache.open(found[0].oid)
