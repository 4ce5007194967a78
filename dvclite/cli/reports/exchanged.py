"""What moved between the cache and a remote."""

from collections.abc import Iterable

from dvclite.cli.console import Console
from dvclite.cli.names import tell_git
from dvclite.cli.reports.restored import done, show_paths
from dvclite.cli.text import count, size
from dvclite.remotestore.traffic import Traffic
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.results.exchanging import Exchanged

_WORTH_TELLING = 1 << 20
"""From how many bytes on it is told what packs saved."""


def tell_apart(console: Console, remotes: Iterable[str]) -> None:
    """Say of remotes that DVC cannot read what is there."""
    for name in remotes:
        console.hint(f"{name} holds packs, which DVC cannot read: its users need dvclite to pull")


def show(
    console: Console, repo: AnyRepo, exchanged: Exchanged, verb: str, *, as_json: bool
) -> None:
    """Tell what moved, or would.

    Args:
        console: Where.
        repo: The repository.
        exchanged: What the exchange came to.
        verb: What happened: `pushed`.
        as_json: Whether as a document.
    """
    if as_json:
        console.json(exchanged)
        return
    parts = []
    if exchanged.files or exchanged.size:
        what = f"{count(exchanged.files, 'file')}, {size(exchanged.size)}"
        parts.append(f"{what} would be {verb}" if exchanged.dry else f"{what} {verb}")
    if exchanged.packed is not None and exchanged.packed.content >= _WORTH_TELLING:
        packed = exchanged.packed
        sent = "about" if exchanged.dry else "sent"
        parts.append(
            f"{sent} {size(packed.sent)} in {count(packed.packs, 'pack')} for {size(packed.content)}"
        )
    if exchanged.restored is not None:
        show_paths(console, repo, exchanged.restored)
        parts.append(done(exchanged.restored))
    console.say("; ".join(part for part in parts if part) or "Everything is up to date")
    if verb.startswith("push"):
        tell_apart(console, exchanged.apart)
    tell_git(console, repo, exchanged.completed, staged=False)
    if console.verbose:
        console.say(_told(exchanged.traffic))


def _told(traffic: Traffic) -> str:
    again = f" ({traffic.repeated:,} of them again)" if traffic.repeated else ""
    moved = f"{size(traffic.sent)} sent, {size(traffic.received)} received"
    return f"{count(traffic.requests, 'request')}{again}, {moved}"
