"""Which versions of the data a command is about: the workspace, and what git keeps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dvclite.errors import CollectError, FormatError
from dvclite.git.history import Scope
from dvclite.git.versions import FileVersion, Wanted
from dvclite.hashing import Oid, is_oid
from dvclite.pipeline import LARGEST, stages_path
from dvclite.pointer import Output, Pointer
from dvclite.repo.outputs import Broken, is_listed, names_outputs, parsed
from dvclite.repo.project import Project

_WORD = re.compile(r"[0-9a-f]{32,64}(?:\.dir)?")


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions beside that of the workspace.

    Attributes:
        all_branches: The newest commit of each branch.
        all_tags: The commits that tags name.
        all_commits: All that any ref reaches.
        revisions: Single commits, in git's notations.
    """

    all_branches: bool = False
    all_tags: bool = False
    all_commits: bool = False
    revisions: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether only the workspace is meant."""
        return self == WORKSPACE


WORKSPACE = Versions()


@dataclass(frozen=True, slots=True)
class Keep:
    """What a collection keeps beside the data of the workspace.

    Attributes:
        everything: All that git keeps in any way: every ref, the stash, the reflogs.
        versions: Otherwise, these versions only. What others need stays even so, unless it is
            on a remote.
        projects: The repositories that share the cache, where nobody lists them: naming them says
            that there are no others.
    """

    everything: bool = True
    versions: Versions = WORKSPACE
    projects: tuple[Path, ...] = ()


EVERYTHING = Keep()


@dataclass(frozen=True, slots=True)
class Choice:
    """What to exchange, and with whom.

    Attributes:
        targets: Outputs, parts of directories, or folders, relative to the root; patterns over
            the paths of outputs with `glob`; everything where it is empty.
        versions: Versions to take along beside that of the workspace.
        remote: Which remote; None for the one that each output asks for, or the default.
        jobs: How many transfers to run at once; None for what is configured.
        glob: Whether targets are patterns.
        bandwidth: Bytes a second that may move, 0 for no bound; None for what is configured.
    """

    targets: tuple[str, ...] = ()
    versions: Versions = WORKSPACE
    remote: str | None = None
    jobs: int | None = None
    glob: bool = False
    bandwidth: int | None = None


def commits(project: Project, versions: Versions) -> list[str]:
    """Return the commits of versions, each once.

    Raises:
        UnknownRevisionError, GitError: git does not know one, or cannot read it.
    """
    found: dict[str, None] = {}
    if versions.all_branches:
        found.update(dict.fromkeys(project.history.commits(Scope.BRANCHES)))
    if versions.all_tags:
        found.update(dict.fromkeys(project.history.commits(Scope.TAGS)))
    if versions.all_commits:
        found.update(dict.fromkeys(project.history.commits(Scope.COMMITS)))
    found.update((project.history.resolve(name), None) for name in versions.revisions)
    return list(found)


def outputs_of(project: Project, versions: Versions) -> Iterator[Output]:
    """Yield the outputs of versions, without the workspace's. A content may come more than once.

    Raises:
        PointerError, HostilePathError: A pointer cannot be read.
        UnknownRevisionError, GitError: git does not know a commit, or cannot read it.
    """
    found = commits(project, versions)
    for version in project.history.pointers_everywhere(found):
        data = version.data or b""
        yield from parsed(project, version.path, data, None).outputs
    if project.pipelines:
        for commit in found:
            for pointer in _pointers_at(project, commit, lambda path: is_listed(project, path)):
                yield from pointer.outputs


def pointers_at(project: Project, commit: str, broken: Broken | None = None) -> list[Pointer]:
    """Return what names outputs as of a commit.

    Args:
        project: The repository.
        commit: The commit.
        broken: Is told of what cannot be read, which is left out; None to raise at once.

    Raises:
        PointerError, HostilePathError: Something cannot be read.
        GitError: git cannot read it.
    """
    return list(_pointers_at(project, commit, lambda path: names_outputs(project, path), broken))


def _pointers_at(
    project: Project, commit: str, wanted: Wanted, broken: Broken | None = None
) -> Iterator[Pointer]:
    history = project.history
    for version in history.files(commit, wanted):
        stages = None
        if is_listed(project, version.path):
            beside = stages_path(version.path)
            stages = history.read(commit, beside, limit=LARGEST) or b""
        try:
            yield parsed(project, version.path, version.data or b"", stages)
        except FormatError as error:
            if broken is None:
                raise
            broken[version.path] = error


def named_oids(project: Project, version: FileVersion) -> Iterator[tuple[str, Oid]]:
    """Yield every blob that a pointer of some version may name, with its path.

    What once was committed broken, a conflict for instance, still counts: whatever looks like an
    oid in it is taken for one.
    """
    if version.data is None:
        raise CollectError(
            f"{version.path} has {version.size:,} bytes in some version, too many for a pointer",
            hint="nothing was removed, since nobody knows what it names",
        )
    data = version.data
    try:
        for output in parsed(project, version.path, data, None).outputs:
            if output.oid is not None and output.cached:
                yield output.path, output.oid
    except FormatError:
        algorithm = project.format.algorithm
        marks = ("",) if algorithm.older is None else ("", algorithm.older.mark)
        for word in _WORD.findall(data.decode("utf-8", "replace")):
            if is_oid(word, algorithm):
                yield from ((version.path, Oid(mark + word)) for mark in marks)
