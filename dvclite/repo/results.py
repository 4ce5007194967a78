"""What the methods of a Repo return: what the command line shows, and scripts work with."""

from dataclasses import dataclass, replace
from pathlib import Path

from dvclite.damage import Damage
from dvclite.hashing import Oid
from dvclite.maintenance.measured import CacheSize
from dvclite.pointer import Output
from dvclite.remotestore.packed import Packed
from dvclite.remotestore.traffic import NO_TRAFFIC, Traffic
from dvclite.workspace.restore import Restored


@dataclass(frozen=True, slots=True)
class AddedOutput:
    """An output that was added.

    Attributes:
        pointer: Its pointer, relative to the root.
        output: What the pointer says now.
        changed: Whether the pointer said something else before, or was not there.
    """

    pointer: str
    output: Output
    changed: bool


@dataclass(frozen=True, slots=True)
class Added:
    """What adding came to.

    Attributes:
        outputs: In the order of the targets.
        stored: How many blobs the cache did not hold before.
        stored_bytes: Their bytes.
        to_stage: Files that git should be told of, relative to the root: the pointers and ignore
            files that changed.
        staged: Whether git was told already.
    """

    outputs: tuple[AddedOutput, ...]
    stored: int
    stored_bytes: int
    to_stage: tuple[str, ...]
    staged: bool


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


@dataclass(frozen=True, slots=True)
class Removed:
    """What removing came to.

    Attributes:
        pointers: The pointers that are gone, relative to the root.
        outputs: What they named.
        to_stage: Files that git should be told of, relative to the root.
        staged: Whether git was told already.
    """

    pointers: tuple[str, ...]
    outputs: tuple[str, ...]
    to_stage: tuple[str, ...]
    staged: bool


@dataclass(frozen=True, slots=True)
class MovedOutput:
    """What moving came to.

    Attributes:
        source: Where the output was, relative to the root.
        target: Where it is.
        pointer: Its pointer now.
        to_stage: Files that git should be told of, relative to the root.
        staged: Whether git was told already.
    """

    source: str
    target: str
    pointer: str
    to_stage: tuple[str, ...]
    staged: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that differs between two versions.

    Attributes:
        path: Relative to the root.
        before: Its content in the first version; None where it is absent or a link.
        after: Its content in the second version.
    """

    path: str
    before: Oid | None
    after: Oid | None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file whose content is at another path in the second version.

    Attributes:
        before: The path in the first version.
        after: The path in the second version.
        oid: The content.
    """

    before: str
    after: str
    oid: Oid


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two versions.

    Attributes:
        added: Files that only the second version has, sorted by path.
        deleted: Files that only the first version has.
        modified: Files with other content.
        renamed: Files with the same content at another path.
        unknown: Outputs that cannot be compared, since a tree is not in the cache.
    """

    added: tuple[Changed, ...]
    deleted: tuple[Changed, ...]
    modified: tuple[Changed, ...]
    renamed: tuple[Renamed, ...]
    unknown: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the versions are known to be the same."""
        return not (self.added or self.deleted or self.modified or self.renamed or self.unknown)


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
class Installed:
    """What installing hooks came to.

    Attributes:
        written: The hook files that were made or changed.
        present: The hook files that were there already.
    """

    written: tuple[Path, ...]
    present: tuple[Path, ...]


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
class Finding:
    """What was found out about one thing.

    Attributes:
        name: What was looked at.
        detail: What was found.
        ok: Whether it is as it should be.
        hint: What to do next; empty where nothing needs doing.
    """

    name: str
    detail: str
    ok: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking the cache or a remote came to.

    Attributes:
        place: The folder of the cache, or the address of the remote.
        damages: What is not as it should be, or was not.
        packs: How many packs were looked at.
        blobs: How many blobs these hold, large ones that are in chunks among them, with those that
            lie loose; one that is in two packs counts twice.
        size: How many bytes were read.
        unavailable: Remotes that did not answer when something was to be had from them, and why.
    """

    place: str
    damages: tuple[Damage, ...]
    packs: int
    blobs: int
    size: int
    unavailable: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is as it should be now."""
        return all(damage.repaired for damage in self.damages)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is in the cache, and what that stands for.

    Attributes:
        cache: What is in the cache, whoever needs it.
        files: How many files the workspace's pointers name, and those of the versions asked for.
            What is the same output in two versions counts once.
        files_size: How many bytes these hold.
        deduplicated: How many of these bytes are not stored a second time, since another file has
            the same content.
        missing: How many of their blobs, or of their trees, are not in the cache.
        former: The same of the cache of the format that the repository had before, and of what is
            named in that format; None where it had none.
    """

    cache: CacheSize
    files: int
    files_size: int
    deduplicated: int
    missing: int
    former: "Size | None" = None
