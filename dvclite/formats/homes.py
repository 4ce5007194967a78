"""The folders that make a directory a repository."""

from dvclite.formats.dvchome import DVC_HOME
from dvclite.formats.home import Home
from dvclite.formats.native import NATIVE_HOME

HOMES = (NATIVE_HOME, DVC_HOME)
"""In the order in which they are looked for in one directory."""


def home_named(name: str) -> Home:
    """Return the home of repositories of a format.

    Raises:
        ValueError: No format has that name.
    """
    for home in HOMES:
        if home.name == name:
            return home
    raise ValueError(f"no format is called {name!r}")
