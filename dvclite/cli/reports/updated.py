"""What became of imports."""

from dvclite.cli.console import Console
from dvclite.cli.names import Names
from dvclite.cli.text import count, size
from dvclite.repo.anyrepo import AnyRepo
from dvclite.repo.results.exchanging import Updated


def show(console: Console, repo: AnyRepo, updated: Updated, *, as_json: bool) -> None:
    """Tell which imports have changed.

    Args:
        console: Where.
        repo: The repository.
        updated: What the update came to.
        as_json: Whether as a document.
    """
    if as_json:
        console.json(updated)
        return
    names = Names(repo.root)
    changed = [one for one in updated.outputs if one.changed]
    for one in changed:
        home = one.after.origin.home if one.after.origin is not None else None
        commit = f" is of {home.commit[:10]} now" if home is not None else " is up to date now"
        what = f": {count(one.files, 'file')}, {size(one.size)} brought" if one.files else ""
        console.say(f"{names.shown(one.after.path)}{commit}{what}")
    if not changed:
        what = count(len(updated.outputs), "import") if updated.outputs else "Nothing is imported"
        console.say(f"Everything is up to date: {what}" if updated.outputs else what)
