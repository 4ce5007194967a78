"""The command line: words in, sentences and exit codes out. The only place that prints.

`dvclite --help` prints the table below and loads no command; a command's module loads when the
command is named. Results go to standard output; hints, warnings, errors and progress to standard
error.
"""

import click

from dvclite import __version__
from dvclite.cli.program import Listed, Program

COMMANDS = {
    "Begin": {
        "init": Listed("init", "Make a repository inside a git repository."),
        "install": Listed("install", "Let git bring data along: install git hooks."),
    },
    "Version data": {
        "add": Listed("add", "Store files and folders, and track them."),
        "commit": Listed("add", "Store what has changed in tracked data."),
        "status": Listed("status", "Show what has changed since data was stored."),
        "diff": Listed("diff", "Compare the data of two revisions, by file."),
        "checkout": Listed("checkout", "Bring data into the workspace, as the pointers say."),
        "move": Listed("move", "Rename or move tracked data.", alias="mv"),
        "remove": Listed("remove", "Stop tracking data."),
        "unprotect": Listed("unprotect", "Make linked files safe to edit."),
        "check-ignore": Listed("check_ignore", "Show which paths .dvcignore leaves out, and why."),
    },
    "Exchange data": {
        "push": Listed("transfer", "Send data to a remote."),
        "pull": Listed("transfer", "Fetch data from a remote and check it out."),
        "fetch": Listed("transfer", "Fetch data from a remote into the cache."),
        "update": Listed("update", "Bring imported data up to date."),
        "remote": Listed("remote", "Name the places where data is kept."),
    },
    "Look after the repository": {
        "fsck": Listed("fsck", "Check that stored data is whole, and repair it."),
        "gc": Listed("gc", "Delete from the cache what nothing needs."),
        "cache": Listed("cache", "Say where the cache is, and how large."),
        "migrate": Listed("migrate", "Change from DVC's format, or back; leave Git LFS."),
        "config": Listed("config", "Get and set options."),
        "root": Listed("root", "Print the path to the top of the repository."),
        "doctor": Listed("doctor", "Check that everything works here.", alias="version"),
        "completion": Listed("completion", "Print a script that completes commands in a shell."),
    },
}
HIDDEN = {"hook": Listed("hook", "What git hooks call.")}


@click.command("dvclite", cls=Program, sections=COMMANDS, hidden=HIDDEN)
@click.version_option(__version__, prog_name="dvclite", message="%(prog)s %(version)s")
def main() -> None:
    """Version datasets and models beside git.

    git keeps the code; dvclite keeps the data. A pointer file in git names each version of the
    data; the data itself rests in a cache and on remotes.
    """
