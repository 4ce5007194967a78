"""Where config files stand, how they are read, and what paths in them are relative to."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from dvclite.config.ini import Document
from dvclite.config.setting import Level
from dvclite.errors import ConfigFileError
from dvclite.files.reading import read_small
from dvclite.formats.home import Home
from dvclite.formats.native import NATIVE_HOME

LARGEST = 1 << 20
"""A config file of more bytes than this is refused."""

_MARK = "\ufeff"
_SCHEME = re.compile(r"\w+://")


def config_files(
    folder: Path | None, main_folder: Path | None, environ: Mapping[str, str], home: Home
) -> dict[Level, Path]:
    """Return the config file of each level that has one, from the weakest on.

    Args:
        folder: The repository's own folder, `.dvclite` or `.dvc`; None outside of repositories.
        main_folder: That of the main worktree.
        environ: The environment's variables.
        home: What stands in these folders.
    """
    files = {
        Level.SYSTEM: _system_folder(environ, home) / "config",
        Level.GLOBAL: _global_folder(environ, home) / "config",
    }
    if folder is not None:
        folder = _absolute(folder)
        files[Level.REPOSITORY] = folder / home.settings
        if main_folder is not None and _absolute(main_folder) != folder:
            files[Level.MAIN_WORKTREE] = _absolute(main_folder) / "config.local"
        files[Level.LOCAL] = folder / "config.local"
    return files


def own_files(folder: Path | None, environ: Mapping[str, str], home: Home) -> dict[Level, Path]:
    """Return the files for settings that the config files cannot hold, where there are such.

    Arguments as those of `config_files`.
    """
    if folder is None or not home.own_config:
        return {}
    folder = _absolute(folder)
    return {
        Level.SYSTEM: _system_folder(environ, NATIVE_HOME) / "config",
        Level.GLOBAL: _global_folder(environ, NATIVE_HOME) / "config",
        Level.REPOSITORY: folder / home.own_config,
        Level.LOCAL: folder / home.own_local,
    }


def read_document(path: Path) -> Document:
    """Read a config file; an absent one is empty.

    Raises:
        ConfigFileError: It is not text, or malformed.
        FileAccessError: It is too large, no file, or the system does not let us read it.
    """
    data = read_small(path, largest=LARGEST) or b""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigFileError(str(path), line, "not UTF-8 text") from error
    return Document(str(path), text.removeprefix(_MARK))


def resolve(value: str, folder: str) -> str:
    """Return the absolute path that a value in a config file means; addresses as they are.

    Args:
        value: What stands in the file.
        folder: The file's folder.
    """
    if _SCHEME.match(value) or os.path.isabs(value):
        return value
    return os.path.normpath(os.path.join(folder, os.path.expanduser(value)))


def relative_to_file(value: str, folder: Path, typed_in: Path) -> str:
    """Return how a typed path is written into a config file.

    Absolute paths, those that begin with `~`, and addresses stay as they are.

    Args:
        value: What was typed.
        folder: The config file's folder.
        typed_in: What the typed path is relative to.
    """
    if _SCHEME.match(value) or value.startswith("/") or os.path.isabs(value):
        return value
    if os.path.expanduser(value) != value:
        return value
    path = os.path.normpath(os.path.join(_absolute(typed_in), value))
    try:
        return os.path.relpath(path, folder).replace(os.sep, "/")
    except ValueError:
        return path  # Another drive of Windows.


def _system_folder(environ: Mapping[str, str], home: Home) -> Path:
    if override := environ.get(f"{home.config.upper()}_SYSTEM_CONFIG_DIR"):
        return _absolute(override)
    if sys.platform == "win32":
        above = environ.get("PROGRAMDATA") or r"C:\ProgramData"
        return Path(above, home.author, home.config)
    if sys.platform == "darwin":
        return Path("/Library/Application Support", home.config)
    for place in environ.get("XDG_CONFIG_DIRS", "").split(":"):
        if os.path.isabs(place):
            return Path(place, home.config)
    return Path("/etc/xdg", home.config)


def _global_folder(environ: Mapping[str, str], home: Home) -> Path:
    if override := environ.get(f"{home.config.upper()}_GLOBAL_CONFIG_DIR"):
        return _absolute(override)
    if sys.platform == "win32":
        if home.author:
            above = environ.get("LOCALAPPDATA") or _home(environ, r"AppData\Local")
            return Path(above, home.author, home.config)
        return Path(environ.get("APPDATA") or _home(environ, r"AppData\Roaming"), home.config)
    place = environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(place):
        return Path(place, home.config)
    if sys.platform == "darwin":
        return Path(_home(environ, "Library/Application Support"), home.config)
    return Path(_home(environ, ".config"), home.config)


def _home(environ: Mapping[str, str], below: str) -> str:
    variable = "USERPROFILE" if sys.platform == "win32" else "HOME"
    return os.path.join(environ.get(variable) or os.path.expanduser("~"), below)


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(path))
