"""What adding, removing and moving come to."""

from dataclasses import dataclass

from dvclite.pointer import Output


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
