"""Other people's repositories: brought here by the user's git, which has their credentials.

An address may come out of a file that somebody else wrote: only those that lead to a repository
by plain ways are followed, and nothing in them can become an option of git's.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dvclite.errors import OriginError
from dvclite.git.program import refusal, start, untied

_WAYS = ("file", "git", "http", "https", "ssh")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_BY_HELPER = re.compile(r"[A-Za-z0-9+.-]*::")
_BY_SSH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*:(?!//)[^:].*")
_SAFELY = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_EVERYTHING = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")


def is_address(url: str) -> bool:
    """Say whether something is an address that git has to ask, and no path of a folder.

    Raises:
        OriginError: It is an address that is not followed, or would be an option of git's.
    """
    if url.startswith("-") or not url.isprintable():
        raise OriginError(
            url, "it is no address of a repository", hint="correct `url` in the pointer"
        )
    if _BY_HELPER.match(url):
        raise OriginError(
            url,
            "addresses that run a program are not followed",
            hint="name the repository by an address with https:// or ssh:// in the pointer",
        )
    match = _SCHEME.fullmatch(url)
    if match is None:
        return _BY_SSH.fullmatch(url) is not None and not os.path.isdir(url)
    if match[1].lower() not in _WAYS or match[2].startswith("-"):
        raise OriginError(
            url,
            f"git is only sent to {', '.join(_WAYS)}",
            hint="name the repository by such an address in the pointer",
        )
    return True


def clone(url: str, folder: Path, environ: Mapping[str, str]) -> None:
    """Bring a repository here, without any of its files in the work tree, or what is new in it.

    Args:
        url: Its address, which `is_address` takes, or a path of a folder.
        folder: Where to; its parent exists.
        environ: The process's environment.

    Raises:
        OriginError: git could not.
    """
    settled = {**untied(environ), "GIT_ALLOW_PROTOCOL": ":".join(_WAYS)}
    if (folder / ".git").exists():
        words = [*_SAFELY, "fetch", "--quiet", "--prune", "--no-recurse-submodules", "origin"]
        _run(url, [*words, *_EVERYTHING], folder, settled)
        # What the far side has checked out may be another branch now.
        start([*_SAFELY, "remote", "set-head", "origin", "--auto"], folder, settled)
        return
    words = [*_SAFELY, "clone", "--quiet", "--no-checkout", "--no-recurse-submodules"]
    _run(url, [*words, "--", url, str(folder)], folder.parent, settled)


def _run(url: str, words: list[str], folder: Path, environ: Mapping[str, str]) -> None:
    answer = start(words, folder, environ)
    if answer.code:
        error = refusal(words[len(_SAFELY) :], answer.err)
        raise OriginError(url, str(error), hint=error.hint) from error
