"""The folders that make a directory a repository, and which of two in one directory does.

A repository that changed its format keeps the folder of the format which it had before: what was
committed then is still read through that one. `docs/decisions` tells why.
"""

from dataclasses import replace
from pathlib import Path

from dvclite.formats.dvchome import DVC_HOME
from dvclite.formats.home import Home
from dvclite.formats.native import NATIVE_HOME

HOMES = (NATIVE_HOME, DVC_HOME)
"""In the order in which they are looked for in one directory."""


def ruling(root: Path) -> Home | None:
    """Return what makes a folder the root of a repository; None if it is none.

    Of two homes that is the first with settings: a commit from before a change of format brings
    only those of its own along.
    """
    there = [home for home in HOMES if (root / home.folder).is_dir()]
    if len(there) > 1:
        there = [home for home in there if (root / home.folder / home.settings).exists()] or there
    return there[0] if there else None


def former(root: Path, ruling: Home) -> Home | None:
    """Return the other home in the root of a repository, if there is one."""
    for home in HOMES:
        folder = root / home.folder
        if home.name != ruling.name and (
            (folder / home.aside).exists() or (folder / "cache").is_dir()
        ):
            return replace(home, settings=home.aside)
    return None


def home_named(name: str) -> Home:
    """Return the home of repositories of a format.

    Raises:
        ValueError: No format has that name.
    """
    for home in HOMES:
        if home.name == name:
            return home
    raise ValueError(f"no format is called {name!r}")
