"""`dvclite install`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import as_json, switch
from dvclite.cli.text import printable


@click.command(cls=Command, examples="dvclite install")
@switch("-f", "--force", help="Add to hooks that others wrote.")
@as_json
@click.pass_obj
def install(console: Console, force: bool, as_json: bool) -> None:
    """Install git hooks, so that data comes along with code.

    After `git checkout`, `git merge` and `git rebase` the data is checked out; `git push` warns of
    data that is not pushed. Hooks that others wrote are left alone.
    """
    from dvclite.repo.keeping import Keeping

    installed = Keeping.open().install(force=force)
    if as_json:
        console.json(installed)
    else:
        console.write(f"Installed {printable(str(path))}" for path in installed.written)
        console.write(f"Unchanged {printable(str(path))}" for path in installed.present)
