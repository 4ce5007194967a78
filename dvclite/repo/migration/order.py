"""What a user says of a change of format."""

from dataclasses import dataclass

from dvclite.repo.versions import Choice

ANYWHERE = Choice()


@dataclass(frozen=True, slots=True)
class Order:
    """What to do about a change of format.

    Attributes:
        to: The name of the new format.
        fetch: Whether to fetch first what the cache lacks.
        keep_missing: Whether outputs of which something is missing keep their names.
        without_pipelines: Whether to go on where pipelines of DVC's are.
        force: Whether to go on where the new format has no place for something.
        dry: Whether only to tell.
        choice: Where to fetch from.
    """

    to: str = "native"
    fetch: bool = False
    keep_missing: bool = False
    without_pipelines: bool = False
    force: bool = False
    dry: bool = False
    choice: Choice = ANYWHERE


TO_NATIVE = Order()
