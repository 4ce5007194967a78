"""Changing settings in their files.

Each function reads the file it changes anew, so that what others wrote since `config` was loaded
stays, and leaves `config` as it is: load it again to see the change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dvclite.config.ini import Document
from dvclite.config.options import check_value, close_names, find_option, is_path, split_name
from dvclite.config.places import read_document, relative_to_file
from dvclite.config.secrets import has_password, is_private, is_secret, public_value, redact
from dvclite.config.setting import Level
from dvclite.config.settings import Config
from dvclite.config.writing import write_document
from dvclite.errors import (
    BadValueError,
    ConfigError,
    RemoteExistsError,
    SecretInUrlError,
    UnknownOptionError,
    UnknownRemoteError,
)

_REMOTE_NAME = re.compile(r"[^\W_][\w.-]{0,99}")
_OPTION_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,99}")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Change:
    """Where something was changed.

    Attributes:
        level: The level that was changed.
        path: Its file.
        kept_private: Whether that is the private file although the tracked one was asked for,
            because git must not see the value.
    """

    level: Level
    path: Path
    kept_private: bool = False


def set_option(
    config: Config, level: Level, name: str, value: str, *, typed_in: Path | None = None
) -> Change:
    """Give an option a value.

    A secret that is meant for the repository's tracked file goes into the private one beside it,
    and so does the path of a file of secrets.

    Args:
        config: What is configured.
        level: Whose file to change.
        name: The option's full name.
        value: What it shall be.
        typed_in: What a relative path is relative to; the current directory by default.

    Raises:
        UnknownOptionError: There is no such option.
        BadValueError: It cannot have that value.
        SecretInUrlError: The value is an address with a password in it, and git would see it.
        UnknownRemoteError: It is an option of a remote that does not exist.
        ConfigError: There is no such level here, or the option is set for good.
    """
    section, option = split_name(name)
    _check_known(config, section, option, name)
    _check_changeable(config, section, option, value)
    private = level is Level.REPOSITORY and is_private(option)
    level = Level.LOCAL if private else level
    path = _file(config, level, section, option, value)
    document = read_document(path)
    _put(document, level, path, f"{section}.{option}", value, typed_in or Path())
    write_document(path, document, level, secret=is_secret(option) or has_password(value))
    return Change(level, path, private)


def unset_option(config: Config, level: Level, name: str) -> Change:
    """Take an option out of a level's file; a secret from where `set_option` put it.

    Raises:
        ConfigError: It is not set there.
    """
    section, option = split_name(name)
    levels = [level]
    if level is Level.REPOSITORY and is_private(option):
        levels.append(Level.LOCAL)
    for each in levels:
        for path in _files(config, each):
            document = read_document(path)
            if document.get(section, option) is not None:
                document.unset(section, option)
                write_document(path, document, each)
                return Change(each, path, each is not level)
    raise ConfigError(
        f"{section}.{option} is not set in {_files(config, level)[0]}",
        hint="`dvclite config --list --show-origin` shows what is set where",
    )


def add_remote(
    config: Config,
    level: Level,
    name: str,
    url: str,
    *,
    default: bool = False,
    replace: bool = False,
    typed_in: Path | None = None,
) -> Change:
    """Add a remote to a level's file.

    Args:
        config: What is configured.
        level: Whose file to change.
        name: What to call it, kept in lower case.
        url: Its address; a directory, or one with a scheme.
        default: Whether it shall be used where no remote is named.
        replace: Whether it may take the place, and all options, of one of that name.
        typed_in: What a relative path is relative to; the current directory by default.

    Raises:
        RemoteExistsError: One of that name stands in that file, and `replace` was not asked for.
        BadValueError: The name or the address cannot be used.
        SecretInUrlError: The address has a password in it, and git would see it.
    """
    name = _checked_name(name)
    section = f"remote.{name}"
    path = _file(config, level, section, "url", url)
    document = read_document(path)
    if document.get(section, "url") is not None:
        if not replace:
            raise RemoteExistsError(name, str(path))
        document.drop(section)
    if default:
        document.set("core", "remote", name)
    _put(document, level, path, f"{section}.url", url, typed_in or Path())
    write_document(path, document, level, secret=has_password(url))
    return Change(level, path)


def set_default_remote(config: Config, level: Level, name: str) -> Change:
    """Make a remote the one to use where none is named.

    Raises:
        UnknownRemoteError: No remote has that name.
    """
    if name.lower() not in config.remote_names():
        raise UnknownRemoteError(name, config.remote_names())
    return set_option(config, level, "core.remote", name.lower())


def remove_remote(config: Config, name: str, level: Level | None = None) -> list[Change]:
    """Remove a remote with all its options, and with the default where it is that.

    Args:
        config: What is configured.
        name: Which one.
        level: Whose file to change; None for the repository's tracked and private files.

    Raises:
        UnknownRemoteError: No remote has that name.
        ConfigError: It stands at another level.
    """
    name = name.lower()
    changes = []
    for each, path, document in _documents_with(config, name, level):
        if f"remote.{name}" in document.sections():
            document.drop(f"remote.{name}")
        if _default_in(document) == name:
            document.unset("core", "remote")
        write_document(path, document, each)
        changes.append(Change(each, path))
    return changes


def rename_remote(config: Config, old: str, new: str, level: Level | None = None) -> list[Change]:
    """Give a remote another name, with all its options, and in the default where it is that.

    Args:
        config: What is configured.
        old: Which one.
        new: What to call it, kept in lower case.
        level: Whose file to change; None for the repository's tracked and private files.

    Raises:
        UnknownRemoteError: No remote has the old name.
        RemoteExistsError: One has the new name.
        BadValueError: The new name cannot be used.
        ConfigError: The remote stands at another level.
    """
    old, new = old.lower(), _checked_name(new)
    existing = config.find(f"remote.{new}.url")
    if existing is not None:
        raise RemoteExistsError(new, existing.origin)
    changes = []
    for each, path, document in _documents_with(config, old, level):
        if f"remote.{old}" in document.sections():
            document.rename(f"remote.{old}", f"remote.{new}")
        if _default_in(document) == old:
            document.set("core", "remote", new)
        write_document(path, document, each)
        changes.append(Change(each, path))
    return changes


def _documents_with(
    config: Config, remote: str, level: Level | None
) -> Iterator[tuple[Level, Path, Document]]:
    """Yield the files that speak of a remote, the one with its address last.

    Whoever is interrupted between two of them finds the remote under its old name, and can begin
    again.
    """
    section = f"remote.{remote}"
    levels = [Level.LOCAL, Level.REPOSITORY] if level is None else [level]
    found = [(each, path) for each in levels for path in _files(config, each)]
    documents = [(each, path, read_document(path)) for each, path in found]
    if level is None:
        is_here = any(document.get(section, "url") for _, _, document in documents)
    else:
        is_here = any(section in document.sections() for _, _, document in documents)
    if not is_here:
        setting = config.find(f"{section}.url")
        if setting is None:
            raise UnknownRemoteError(remote, config.remote_names())
        raise ConfigError(
            f"remote {remote!r} stands in {setting.origin}, at the level {setting.level.value}",
            hint="name that level to change it",
        )
    for each, path, document in documents:
        if section in document.sections() or _default_in(document) == remote:
            yield each, path, document


def _put(
    document: Document, level: Level, path: Path, name: str, value: str, typed_in: Path
) -> None:
    """Check a value and put it into a document."""
    section, option = split_name(name)
    if not value:
        raise BadValueError(name, value, "something; `dvclite config --unset` takes a setting away")
    if _UNFIT.search(value):
        shown = public_value(option, value)
        raise BadValueError(name, shown, "one line of UTF-8 text without control characters")
    known = find_option(section, option)
    if known is not None:
        value = check_value(known, name, value)
    if level is Level.REPOSITORY and has_password(value):
        raise SecretInUrlError(name, redact(value))
    if is_path(section, option):
        value = relative_to_file(value, path.parent, typed_in)
    elif name == "core.remote":
        value = value.lower()
    document.set(section, option, value)


def _check_changeable(config: Config, section: str, option: str, value: str) -> None:
    """Refuse to call the repository's data by other names than it has."""
    if (section, option) == ("core", "hash") and value != config.get("core.hash"):
        raise ConfigError(
            "core.hash is chosen when a repository is made, and for good",
            hint="make a new repository with `dvclite init --hash` and add the data there",
        )


def _check_known(config: Config, section: str, option: str, name: str) -> None:
    if find_option(section, option) is not None and not section.startswith("remote."):
        return
    if not section.startswith("remote.") or not _OPTION_NAME.fullmatch(option):
        raise UnknownOptionError(name, close_names(name))
    remote = section.partition(".")[2]
    if option == "url":
        _checked_name(remote)
    elif remote not in config.remote_names():
        raise UnknownRemoteError(remote, config.remote_names())


def _checked_name(name: str) -> str:
    plain = name.lower()
    if not _REMOTE_NAME.fullmatch(plain):
        expected = "made of letters, digits, `-`, `_` and `.`, a letter or digit first"
        raise BadValueError("a remote's name", name, expected)
    return plain


def _default_in(document: Document) -> str:
    return (document.get("core", "remote") or "").lower()


def _file(config: Config, level: Level, section: str, option: str, value: str) -> Path:
    """Return the file of a level that a setting belongs in."""
    url = value if option == "url" else ""
    if section.startswith("remote.") and not url:
        url = config.get(f"{section}.url") or ""
    path = config.place(level, section, option, url)
    return path if path is not None else _files(config, level)[0]


def _files(config: Config, level: Level) -> list[Path]:
    paths = config.places(level)
    if not paths:
        raise ConfigError(
            f"there is no {level.value} config file here",
            hint="go into a repository, or use --global",
        )
    return paths
