"""Settings of one format's files, as far as the other format's files can hold them."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dvclite.config.ini import Document
from dvclite.config.options import find_option, is_path
from dvclite.config.places import read_document, relative_to_file
from dvclite.config.setting import Level
from dvclite.config.settings import Config

_OF_A_FORMAT = frozenset({("core", "hash"), ("core", "no_scm")})


@dataclass(frozen=True, slots=True)
class Succession:
    """Config files as they are to be written.

    Attributes:
        documents: By the path of each; a level's own files among them.
        levels: The level of each.
        left: Remotes that only the former format has a use for.
    """

    documents: dict[Path, Document]
    levels: dict[Path, Level]
    left: tuple[str, ...]


def succeed(source: Config, target: Config, first: str) -> Succession:
    """Carry over what one format's files say of a repository, and the other's do not.

    Remotes come with all their options. The cache is a folder in the one that was configured, so
    that neither format's programs take the other's blobs for garbage; where the files exist that
    settings are carried to, it stays what they say.

    Args:
        source: The settings that are there.
        target: Those of the other format; its files need not exist.
        first: The text of its tracked file where there is none.
    """
    left = tuple(name for name in source.remote_names() if source.keeps_versions(name))
    is_new = not target.files[Level.REPOSITORY].exists()
    documents: dict[Path, Document] = {}
    levels: dict[Path, Level] = {}
    for level in (Level.REPOSITORY, Level.LOCAL):
        own = {path: read_document(path) for path in target.places(level)}
        main = target.files[level]
        if level is Level.REPOSITORY and is_new:
            own[main] = Document(str(main), first)
        held = _held(own.values())
        for one in _settings(source, level):
            if _is_about(one, left) or not _is_wanted(one, held, is_new=is_new):
                continue
            url = one.value if one.option == "url" else source.get(f"{one.section}.url") or ""
            path = target.place(level, one.section, one.option, url) or main
            own[path].set(one.section, one.option, _said(one, path, target))
        documents |= own
        levels |= dict.fromkeys(own, level)
    return Succession(documents, levels, left)


class _Said(NamedTuple):
    """What a config file says of an option.

    Attributes:
        file: The file.
        section: `core`, `remote.origin`.
        option: The option.
        value: As it stands there.
    """

    file: Path
    section: str
    option: str
    value: str


def _settings(source: Config, level: Level) -> Iterator[_Said]:
    for path in source.places(level):
        for section, options in read_document(path).sections().items():
            for option, value in options.items():
                yield _Said(path, section, option, value)


def _held(documents: Iterable[Document]) -> dict[str, set[str]]:
    """Return which options stand in documents, by section; of two with one section, the last's."""
    return {name: set(options) for each in documents for name, options in each.sections().items()}


def _is_about(said: _Said, remotes: Collection[str]) -> bool:
    if said.option == "remote" and said.value.lower() in remotes:
        return True
    return said.section.removeprefix("remote.") in remotes


def _is_wanted(said: _Said, held: Mapping[str, Collection[str]], *, is_new: bool) -> bool:
    section, option = said.section, said.option
    if section.startswith("remote."):
        return section not in held
    if find_option(section, option) is None or (section, option) in _OF_A_FORMAT:
        return False
    if section == "cache" and not is_new:
        return False
    return option not in held.get(section, ())


def _said(said: _Said, path: Path, target: Config) -> str:
    """Return the value with which an option goes into another file."""
    value = f"{said.value}/{_folder(target)}" if said.option == "dir" else said.value
    if is_path(said.section, said.option):
        return relative_to_file(value, path.parent, said.file.parent)
    return value


def _folder(target: Config) -> str:
    """Return how a format's cache is called in a folder that others use, too."""
    return target.files[Level.REPOSITORY].parent.name.removeprefix(".")
