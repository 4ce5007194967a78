"""`dvclite completion`."""

import click
from click.shell_completion import get_completion_class

from dvclite.cli.boundary import COMPLETION
from dvclite.cli.command import Command

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    examples="""
    dvclite completion bash > ~/.dvclite-completion.bash
    dvclite completion zsh
    dvclite completion fish
    """,
)
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.option("-s", "--shell", "named", type=click.Choice(_SHELLS), hidden=True)
@click.pass_context
def completion(context: click.Context, shell: str | None, named: str | None) -> None:
    """Print a script that completes dvclite's commands, options and remotes in SHELL.

    Source it from the file that your shell reads when it starts, or put it where the shell looks
    for completions.
    """
    chosen = shell or named
    made = get_completion_class(chosen) if chosen is not None else None
    if made is None:
        raise click.UsageError(f"name a shell: {', '.join(_SHELLS)}", context)
    click.echo(made(context.find_root().command, {}, "dvclite", COMPLETION).source())
