"""Settings of one format's files, as far as the other format's files can hold them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dvclite.config.ini import Document
from dvclite.config.options import find_option, is_path, read_flag
from dvclite.config.places import read_document, relative_to_file
from dvclite.config.setting import Level
from dvclite.config.settings import Config

_OF_A_FORMAT = frozenset({("core", "hash"), ("core", "no_scm")})
_NAMED_FILES = ("version_aware", "worktree")
"""Set for remotes that hold files under names of their own, which only DVC works with."""


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
    left = tuple(name for name in source.remote_names() if _holds_named_files(source, name))
    documents: dict[Path, Document] = {}
    levels: dict[Path, Level] = {}
    is_new = not target.files[Level.REPOSITORY].exists()
    for level in (Level.REPOSITORY, Level.LOCAL):
        for path in target.places(level):
            documents[path], levels[path] = read_document(path), level
        main = target.files[level]
        if level is Level.REPOSITORY and is_new:
            documents[main] = Document(str(main), first)
        known = [(doc.sections(), path) for path, doc in documents.items() if levels[path] is level]
        held = {section: dict(options) for doc, _ in known for section, options in doc.items()}
        for origin, section, option, value in _settings(source, level):
            name = section.removeprefix("remote.")
            if name in left or (option == "remote" and value.lower() in left):
                continue
            if not _is_wanted(section, option, held, is_new=is_new):
                continue
            url = value if option == "url" else source.get(f"{section}.url") or ""
            path = target.place(level, section, option, url) or main
            said = f"{value}/{_folder(target)}" if option == "dir" else value
            if is_path(section, option):
                said = relative_to_file(said, path.parent, origin.parent)
            documents[path].set(section, option, said)
    return Succession(documents, levels, left)


def _settings(source: Config, level: Level) -> Iterator[tuple[Path, str, str, str]]:
    for path in source.places(level):
        for section, options in read_document(path).sections().items():
            for option, value in options.items():
                yield path, section, option, value


def _is_wanted(section: str, option: str, held: dict[str, dict[str, str]], *, is_new: bool) -> bool:
    if section.startswith("remote."):
        return section not in held
    if find_option(section, option) is None or (section, option) in _OF_A_FORMAT:
        return False
    if section == "cache" and not is_new:
        return False
    return option not in held.get(section, {})


def _holds_named_files(source: Config, name: str) -> bool:
    return any(
        read_flag(source.get(f"remote.{name}.{option}") or "false") is not False
        for option in _NAMED_FILES
    )


def _folder(target: Config) -> str:
    """Return how a format's cache is called in a folder that others use, too."""
    return target.files[Level.REPOSITORY].parent.name.removeprefix(".")
