"""What goes to or comes from each remote."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from dvclite.errors import NotAnOutputError
from dvclite.pointer import Output
from dvclite.remotestore.store import RemoteStore
from dvclite.repo.outputs import Broken, named_outputs
from dvclite.repo.pointers import owned
from dvclite.repo.project import Project
from dvclite.repo.stores import Line, is_apart, open_store
from dvclite.repo.versions import Choice, outputs_of
from dvclite.transfer.wanted import Wanted, wanted

Part = tuple[Output, str]
"""An output, and its path or one inside it."""


class Shipment(NamedTuple):
    """What goes to or comes from one remote.

    Attributes:
        project: The repository, or what it was before it changed its format.
        remote: The remote's name in its settings.
        wanted: What is to go or come.
        outputs: The outputs that it is of.
    """

    project: Project
    remote: str
    wanted: list[Wanted]
    outputs: list[Output]

    @property
    def is_apart(self) -> bool:
        """Whether the remote holds what other programs of the format cannot read."""
        return is_apart(self.project, self.remote)

    def opened(self, name: str, line: Line) -> RemoteStore:
        """Open a remote for it, by the remote's name."""
        return open_store(self.project, name, line, outputs=self.outputs)


def to_push(project: Project, choice: Choice, broken: Broken) -> list[Shipment]:
    """Return what is chosen and belongs on remotes, by remote; errors as those of `chosen`."""
    parts = chosen(project, choice, broken)
    return by_remote(project, choice, [part for part in parts if part[0].pushed])


def by_remote(project: Project, choice: Choice, parts: Sequence[Part]) -> list[Shipment]:
    """Return outputs and parts of them, by the remote that each belongs on.

    Raises:
        NoRemoteError: There is none that one of them could belong on.
    """
    shipments: dict[tuple[str, str], Shipment] = {}
    for named, path in parts:
        if named.oid is not None and named.cached:
            owner, output = owned(project, named)
            remote = _remote(owner, choice, output).lower()
            key = owner.home.name, remote
            shipment = shipments.setdefault(key, Shipment(owner, remote, [], []))
            shipment.wanted.append(wanted(output, path))
            shipment.outputs.append(output)
    if not shipments:
        # A missing or unknown remote is worth an error even if there is nothing to move.
        return [Shipment(project, choice.remote or project.config.default_remote(), [], [])]
    return list(shipments.values())


def _remote(owner: Project, choice: Choice, output: Output) -> str:
    """Return which remote an output belongs on."""
    asked = choice.remote
    if asked and owner.successor is not None and asked.lower() not in owner.config.remote_names():
        asked = None  # It came when the format had changed: what is older is not there.
    return asked or output.remote or owner.config.default_remote()


def chosen(project: Project, choice: Choice, broken: Broken) -> Iterator[Part]:
    """Yield what is chosen of outputs, in the workspace and in other versions.

    Args:
        project: The repository.
        choice: What is chosen.
        broken: Is told of pointers of the workspace that cannot be read.

    Raises:
        NotAnOutputError: A target means nothing.
    """
    targets = matching(project, choice) if choice.glob else choice.targets
    for named in named_outputs(project, targets, broken):
        yield named.output, named.path
    if not choice.versions.is_empty:
        for output in outputs_of(project, choice.versions):
            yield from ((output, path) for path in _parts(output, targets))


def _parts(output: Output, targets: Sequence[str]) -> list[str]:
    """Return which paths of a version's output targets mean; a target may mean none there."""
    if not targets:
        return [output.path]
    return [
        target if target.startswith(output.path + "/") else output.path
        for target in (name.removesuffix(".dvc") for name in targets)
        if target in (".", output.path)
        or output.path.startswith(target + "/")
        or (output.is_directory and target.startswith(output.path + "/"))
    ]


def matching(project: Project, choice: Choice) -> tuple[str, ...]:
    """Return the outputs in the workspace that patterns match.

    Raises:
        NotAnOutputError: There are none.
    """
    paths = [named.output.path for named in named_outputs(project, (), {})]
    matched = [
        path for path in paths if any(fnmatchcase(path, pattern) for pattern in choice.targets)
    ]
    if not matched:
        raise NotAnOutputError(", ".join(choice.targets))
    return tuple(matched)
