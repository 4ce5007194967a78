"""`dvclite init`."""

import click

from dvclite.cli.command import Command
from dvclite.cli.console import Console
from dvclite.cli.options import switch
from dvclite.cli.text import printable


@click.command(
    cls=Command,
    examples="""
    dvclite init
    dvclite init --hash xxh128
    dvclite init --subdir projects/birds
    dvclite init --dvc
    """,
)
@click.argument("folder", default=".", type=click.Path())
@click.option(
    "--hash",
    "algorithm",
    type=click.Choice(["blake3", "xxh128"]),
    help="What data is named by, for good: blake3, unless told otherwise, or xxh128 where everyone"
    " who can write is trusted.",
)
@switch("--dvc", help="Make one that DVC can work in, too: a folder `.dvc`, with DVC's formats.")
@switch("--subdir", help="Make it in a folder below the top of the git repository.")
@switch("--no-scm", help="Make it without git.")
@click.pass_obj
def init(
    console: Console, folder: str, algorithm: str | None, dvc: bool, subdir: bool, no_scm: bool
) -> None:
    """Make a repository in FOLDER, by default the current one: the top of a git repository.

    Beside `.git` it makes a folder `.dvclite` with the settings, which git tracks, and the cache,
    which git ignores.
    """
    from dvclite.repo.anyrepo import AnyRepo

    repo = AnyRepo.init(
        folder,
        format="dvc" if dvc else "native",
        hash=algorithm or "",
        subdir=subdir,
        scm=not no_scm,
    )
    console.say(f"Made a repository in {printable(str(repo.root))}")
    if not no_scm:
        console.hint('git commit -m "Begin to version data"')
