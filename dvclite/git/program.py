"""Running the user's git: the environment it gets, and what its refusals mean."""

import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dvclite.errors import GitError

# They change how git reads the paths that it is given.
_PATHSPECS = frozenset(
    {
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
    }
)
# They tie git to one repository, whatever folder it runs in.
_TIES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"})

_TRUST = re.compile(r"git config --global --add safe\.directory (.+)")
_LINES_SHOWN = 10


class Answer(NamedTuple):
    """What a run of git came to."""

    code: int
    out: bytes
    err: str


def run(
    arguments: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    given: bytes = b"",
    accepted: Collection[int] = (0,),
) -> Answer:
    """Run git for its answer, so that it writes nothing, not even to make its next run quicker.

    Args:
        arguments: What follows `git` on a command line.
        folder: Where it runs.
        environ: The variables that it inherits.
        given: What it reads from its standard input.
        accepted: The exit codes that are an answer and not a refusal.

    Raises:
        GitError: git is not installed, or refused.
    """
    quiet = {**environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    # A file system monitor is a program too, and starting one leaves it running.
    answer = start(["-c", "core.fsmonitor=false", *arguments], folder, quiet, given=given)
    if answer.code not in accepted:
        raise refusal(arguments, answer.err)
    return answer


def start(
    arguments: Sequence[str], folder: Path, environ: Mapping[str, str], *, given: bytes = b""
) -> Answer:
    """Run git, whatever comes of it.

    Raises:
        GitError: git is not installed.
    """
    import subprocess

    command = [_executable(environ), *arguments]
    inherited = {name: value for name, value in environ.items() if name not in _PATHSPECS}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**inherited, "LC_ALL": "C"},
            input=given,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        if not os.path.isdir(folder):
            raise GitError(f"cannot run git in {folder}: {error.strerror}") from error
        raise _not_installed(error.strerror or str(error)) from error
    return Answer(done.returncode, done.stdout, text(done.stderr))


def untied(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git goes by the folder that it runs in."""
    return {name: value for name, value in environ.items() if name not in _TIES}


def refusal(arguments: Sequence[str], err: str) -> GitError:
    """Return the error that git's own words amount to."""
    trust = _TRUST.search(err)
    if trust is not None:
        return distrust(trust.group(1).strip())
    command = next((word for word in arguments if not word.startswith("-")), "")
    lines = [line for line in err.splitlines() if line and not line.startswith("hint:")]
    # The last word comes after what led to it.
    for sign in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(sign):
                return GitError(f"git {command}: {line.removeprefix(sign)}")
    reason = "\n  ".join(lines[:_LINES_SHOWN]) or "it failed silently"
    return GitError(f"git {command}: {reason}")


def distrust(folder: str) -> GitError:
    """Return the error for a repository that git will not open, as somebody else owns it."""
    return GitError(
        f"git does not trust the repository in {folder}, because another user owns it",
        hint=f"if you do, tell git: `git config --global --add safe.directory {folder}`",
    )


def text(data: bytes) -> str:
    """Return git's bytes as Python spells file names."""
    return data.decode(sys.getfilesystemencoding(), "surrogateescape")


def data(name: str) -> bytes:
    """Return a file name as git's bytes."""
    return name.encode(sys.getfilesystemencoding(), "surrogateescape")


def split(out: bytes) -> list[str]:
    """Return the names of a list in which NUL ends each."""
    return text(out).split("\0")[:-1]


def joined(names: Iterable[str]) -> bytes:
    """Return a list in which NUL ends each name."""
    return b"".join(data(name) + b"\0" for name in names)


def _executable(environ: Mapping[str, str]) -> str:
    if os.name != "nt":
        return "git"
    # Left to itself, Windows looks into the working folder first, where a clone may hold anything.
    for folder in environ.get("PATH", "").split(os.pathsep):
        candidate = os.path.join(folder, "git.exe")
        if os.path.isabs(folder) and os.path.isfile(candidate):
            return candidate
    raise _not_installed("there is no git.exe on the PATH")


def _not_installed(reason: str) -> GitError:
    return GitError(
        f"cannot run the git program: {reason}",
        hint="install git (https://git-scm.com) and make sure that `git --version` works",
    )
