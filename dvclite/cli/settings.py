"""What the commands about settings share."""

import os
from collections.abc import Iterable

from dvclite.cli.console import Console
from dvclite.cli.text import printable
from dvclite.config.editing import Change
from dvclite.config.setting import Level
from dvclite.config.settings import Config
from dvclite.errors import NotARepoError
from dvclite.repo.anyrepo import AnyRepo

_LEVELS = {
    "project": Level.REPOSITORY,
    "local": Level.LOCAL,
    "global": Level.GLOBAL,
    "system": Level.SYSTEM,
}


def load_config() -> Config:
    """Return all settings; outside of a repository, those of the user and the machine."""
    try:
        return AnyRepo.open().config
    except NotARepoError:
        return Config.load(None, environ=os.environ)


def chosen(flag: str | None) -> Level | None:
    """Return the level that an option names, or None."""
    return _LEVELS[flag] if flag is not None else None


def tell(console: Console, changes: Iterable[Change]) -> None:
    """Say which files were changed: where that is not what was asked for, and to the curious."""
    for change in changes:
        path = printable(str(change.path))
        if change.kept_private:
            console.hint(f"this is private: it is kept in {path}, which git ignores")
        elif console.verbose:
            console.say(f"Changed {path}")
