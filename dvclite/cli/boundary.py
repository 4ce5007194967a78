"""Where every error of a command ends: as one clear message and an exit code."""

import os
import sys
from collections.abc import Iterator, Sequence

import click
from click.exceptions import NoArgsIsHelpError

from dvclite.cli.console import Console
from dvclite.cli.text import printable_lines
from dvclite.errors import WHO_MAY, DvcliteError, TransferError

COMPLETION = "_DVCLITE_COMPLETE"
"""The variable through which a shell asks what could come next."""

_FAILED, _INTERRUPTED, _BROKEN_PIPE = 1, 130, 141


def run(program: click.Group, words: Sequence[str], name: str) -> int:
    """Run a command line and return its exit code.

    What is no user's fault leaves as it is: a traceback is what its authors need.
    """
    console = Console()
    _escape_what_cannot_be_encoded()
    try:
        return _execute(program, words, name, console)
    except DvcliteError as error:
        _report(console, error, str(error), error.hint)
        return error.exit_code
    except (KeyboardInterrupt, EOFError, click.Abort):
        console.error("interrupted", "run the same command again to go on from there")
        return _INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return _BROKEN_PIPE
    except OSError as error:
        _report(
            console, error, _reason(error), WHO_MAY if isinstance(error, PermissionError) else ""
        )
        return _FAILED
    except Exception as error:
        error.add_note("This is a defect of dvclite: please report it, with the lines above.")
        raise


def _execute(program: click.Group, words: Sequence[str], name: str, console: Console) -> int:
    if instruction := os.environ.get(COMPLETION):
        from click.shell_completion import shell_complete

        return shell_complete(program, {}, name, COMPLETION, instruction)
    try:
        with program.make_context(name, list(words), obj=console) as context:
            program.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.UsageError as error:
        hint = f"see `{error.ctx.command_path} --help`" if error.ctx is not None else ""
        console.error(error.format_message(), hint)
        return error.exit_code
    return 0


def _report(console: Console, error: Exception, message: str, hint: str = "") -> None:
    if console.verbose > 1:
        import traceback

        click.echo(printable_lines("".join(traceback.format_exception(error))), err=True)
    causes = [f"\n  because of {_reason(cause)}" for cause in _causes(error)]
    console.error(message + "".join(causes if console.verbose else []), hint)
    if disk := _full_disk(error):
        console.hint(f"make room on {disk}, then run the same command again")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error goes back to, that of a part of a transfer too."""
    parts = [part for _, part in error.failures] if isinstance(error, TransferError) else []
    for cause in (error.__cause__, *parts):
        if cause is not None:
            yield cause
            yield from _causes(cause)


def _reason(error: BaseException) -> str:
    if not isinstance(error, OSError) or error.errno is None:
        return f"{type(error).__name__}: {error}"
    reason = os.strerror(error.errno)
    return ": ".join([*_paths(error), reason])


def _paths(error: OSError) -> list[str]:
    return [
        os.fsdecode(path)
        for path in (error.filename, error.filename2)
        if isinstance(path, (str, bytes, os.PathLike))
    ]


def _full_disk(error: BaseException) -> str:
    """Return which disk is full, if that is what stopped a command."""
    from dvclite.files.changes import NO_ROOM

    for cause in (error, *_causes(error)):
        if isinstance(cause, OSError) and cause.errno in NO_ROOM:
            path = next(iter(_paths(cause)), "")
            return f"the disk at {_mount_point(path)}" if os.path.isabs(path) else "the disk"
    return ""


def _mount_point(path: str) -> str:
    while not os.path.ismount(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _drop_output() -> None:
    """Let what is still to be written go nowhere: it would fail once more when Python exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _escape_what_cannot_be_encoded() -> None:
    """Let a character that the terminal's encoding lacks appear as an escape, and fail nothing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
