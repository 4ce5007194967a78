"""The folder that makes a directory a repository, and what stands in it."""

from collections.abc import Callable
from dataclasses import dataclass

from dvclite.formats.format import Format


def everything(_section: str, _option: str, _url: str) -> bool:
    """Say of every setting that it may stand in a config file."""
    return True


@dataclass(frozen=True, slots=True)
class Home:
    """A repository's own folder.

    Attributes:
        name: What its format is called.
        folder: What it is called, at the repository's root.
        format: Returns the format of a repository, given what `core.hash` is set to.
        first_config: Returns the text of the config file of a new repository, given an algorithm's
            name, or nothing, and whether there is git.
        temporary: The folder in it for files on their way and for what can be made again.
        private: What in it belongs to one clone alone, and not into git.
        config: How the folder with a user's or a machine's settings is called; in capitals, how the
            variables begin that name another folder.
        author: The folder above that one, on Windows.
        settings: The file in it for the settings that everybody shares.
        aside: What that file is called while the folder of another format is in charge.
        takes: Says whether an option of a section, with the address of the remote that it is about,
            may stand in the config files: another program may read them, too, and refuse it.
        own_config: The file in it for all other settings that everybody shares; empty for none.
        own_local: The same for settings of one clone.
        lock: The file in it that other programs lock while they work; empty for none.
        marker: Another file of `init`, empty, that other programs look for; empty for none.
        pipelines: The name of files that list outputs which another program makes; empty for none.
        lists_users: Whether everybody who uses a cache in common is known by name.
        hides_pointers: Whether pointers that an ignore file names are passed over.
        packs_below: The prefix that packs lie below on a remote, so that other programs which use
            it leave them alone; empty where there are none.
        unheeded: Settings that another program goes by and dvclite does not, each with what holds
            here.
        shares_cache: Whether work trees of one git repository share the cache of the first.
    """

    name: str
    folder: str
    format: Callable[[str | None], Format]
    first_config: Callable[[str, bool], str]
    temporary: str = "tmp"
    private: tuple[str, ...] = ("config.local", "tmp", "cache")
    config: str = "dvclite"
    author: str = ""
    settings: str = "config"
    aside: str = "config"
    takes: Callable[[str, str, str], bool] = everything
    own_config: str = ""
    own_local: str = ""
    lock: str = ""
    marker: str = ""
    pipelines: str = ""
    lists_users: bool = True
    hides_pointers: bool = False
    packs_below: str = ""
    unheeded: tuple[tuple[str, str], ...] = ()
    shares_cache: bool = True
