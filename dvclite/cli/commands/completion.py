"""`dvclite completion`."""

import click
from click.shell_completion import get_completion_class

from dvclite.cli.boundary import COMPLETION
from dvclite.cli.command import Command

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    examples="""
    dvclite completion bash
    dvclite completion zsh
    dvclite completion fish
    """,
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that completes dvclite's commands, options and remotes in SHELL.

    Save it to a file, and source that from the file that your shell reads when it starts; fish
    finds it in ~/.config/fish/completions/dvclite.fish.
    """
    made = get_completion_class(shell)
    assert made is not None, "click knows every shell on the list"
    click.echo(made(context.find_root().command, {}, "dvclite", COMPLETION).source())
