"""What transfers, comparisons with remotes, and updates of imports come to."""

from dataclasses import dataclass, replace

from dvclite.pointer import Output
from dvclite.remotestore.packed import Packed
from dvclite.remotestore.traffic import NO_TRAFFIC, Traffic
from dvclite.workspace.restore import Restored


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a push, fetch or pull came to, or would come to.

    Attributes:
        files: How many files moved, trees not counted.
        size: How many bytes moved.
        remotes: The remotes that took part, by name.
        dry: Whether nothing really moved.
        restored: What a pull changed in the workspace.
        packed: What a push into packs took; None where nothing was packed.
        completed: Files that git should be told of: pointers of imports without their data that
            say now what this is, and ignore files.
        apart: Those of the remotes whose data other programs that work on this repository cannot
            read.
        traffic: What that took of requests and bytes.
    """

    files: int
    size: int
    remotes: tuple[str, ...]
    dry: bool = False
    restored: Restored | None = None
    packed: Packed | None = None
    completed: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    traffic: Traffic = NO_TRAFFIC

    def __add__(self, other: "Exchanged") -> "Exchanged":
        """Put together what came from several places."""
        return replace(
            self,
            files=self.files + other.files,
            size=self.size + other.size,
            remotes=tuple(dict.fromkeys(self.remotes + other.remotes)),
            completed=self.completed + other.completed,
        )


@dataclass(frozen=True, slots=True)
class CloudStatus:
    """What the cache and a remote lack of an output.

    Attributes:
        path: The output, relative to the root.
        new: Paths whose content is in the cache, not on the remote: `push` brings it there. The
            tree of a directory goes by the directory's path with a `/` behind.
        new_size: Their bytes.
        deleted: Paths whose content is on the remote, not in the cache: `fetch` brings it here.
        deleted_size: Their bytes.
        missing: Paths whose content is in neither.
    """

    path: str
    new: tuple[str, ...]
    new_size: int
    deleted: tuple[str, ...]
    deleted_size: int
    missing: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether both have everything."""
        return not (self.new or self.deleted or self.missing)


@dataclass(frozen=True, slots=True)
class OnRemote:
    """How much lies on a remote in packs, for all who use it.

    Attributes:
        remote: The remote, by name.
        packs: How many packs.
        size: How many bytes they have.
        content: How many bytes come out of them.
        is_apart: Whether other programs that work on this repository cannot read them.
    """

    remote: str
    packs: int
    size: int
    content: int
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class CloudReport:
    """How the cache and the remotes compare.

    Attributes:
        outputs: What they lack of each output, sorted by path.
        remotes: How much lies on those remotes that hold packs.
    """

    outputs: tuple[CloudStatus, ...]
    remotes: tuple[OnRemote, ...]

    @property
    def is_clean(self) -> bool:
        """Whether both sides have everything."""
        return all(output.is_clean for output in self.outputs)


@dataclass(frozen=True, slots=True)
class UpdatedOutput:
    """An import that was brought up to date.

    Attributes:
        pointer: Its pointer, relative to the root.
        before: What that said.
        after: What it says now.
        changed: Whether anything was written.
        files: How many files were brought.
        size: How many bytes these hold.
    """

    pointer: str
    before: Output
    after: Output
    changed: bool
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Updated:
    """What bringing imports up to date came to.

    Attributes:
        outputs: The imports, in the order of the targets.
        to_stage: Files that git should be told of, relative to the root.
        staged: Whether git was told already.
    """

    outputs: tuple[UpdatedOutput, ...]
    to_stage: tuple[str, ...]
    staged: bool
