"""All settings together, the stronger before the weaker."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from dvclite.config.environment import read_environment
from dvclite.config.options import (
    check_value,
    find_option,
    is_path,
    read_flag,
    read_names,
    read_number,
    read_rate,
    split_name,
)
from dvclite.config.places import config_files, own_files, read_document, resolve
from dvclite.config.setting import Level, RemoteSettings, Setting
from dvclite.errors import (
    ConfigError,
    NoDefaultRemoteError,
    NoRemoteError,
    UnknownRemoteError,
)
from dvclite.formats.home import Home
from dvclite.formats.native import NATIVE_HOME

_BY_REFERENCE = "remote://"
_MOST_REFERENCES = 10
# Options of every remote in DVC that change nothing here: what arrives is always verified.
_WITHOUT_EFFECT = frozenset(
    {"checksum_jobs", "listobjects", "no_traverse", "protected", "slow_link_warning", "verify"}
)
# Either of them has DVC keep files under their own names, in a bucket that keeps versions.
_VERSIONED = ("version_aware", "worktree")


class Config:
    """What is configured, as it was when it was loaded.

    Options are named `core.remote`, `remote.origin.url`, in any case. Those that dvclite does not
    know are read like the rest: a newer version, a plugin, or DVC may.
    """

    def __init__(
        self,
        files: dict[Level, Path],
        settings: list[Setting],
        *,
        own: dict[Level, Path] | None = None,
        home: Home = NATIVE_HOME,
    ) -> None:
        """Put settings together.

        Args:
            files: The config file of each level that has one.
            settings: From the weakest on.
            own: Further files, for what these cannot hold.
            home: Knows what they can hold.
        """
        self._files = files
        self._own = own or {}
        self._home = home
        self._settings = settings
        self._strongest: dict[str, dict[str, Setting]] = {}
        for setting in settings:
            self._strongest.setdefault(setting.section, {})[setting.option] = setting

    @classmethod
    def load(
        cls,
        folder: Path | None,
        *,
        main_folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
        home: Home = NATIVE_HOME,
    ) -> Self:
        """Read all config files and the environment.

        Args:
            folder: The repository's own folder, `.dvclite` or `.dvc`; None outside of
                repositories.
            main_folder: The same folder in the main worktree of git, where this is a linked one.
            environ: Variables to use in place of the process's.
            home: What stands in these folders.

        Raises:
            ConfigFileError: A file is malformed.
            FileAccessError: A file cannot be read.
        """
        environ = os.environ if environ is None else environ
        files = config_files(folder, main_folder, environ, home)
        own = own_files(folder, environ, home)
        settings: list[Setting] = []
        for level, path in files.items():
            for each in (path, own[level]) if level in own else (path,):
                settings += _read_file(level, each)
        remotes = {name for setting in settings if (name := _remote_name(setting.section))}
        settings += read_environment(environ, sorted(remotes))
        return cls(files, settings, own=own, home=home)

    @property
    def files(self) -> Mapping[Level, Path]:
        """The config file of each level that has one, whether it exists or not."""
        return MappingProxyType(self._files)

    def places(self, level: Level) -> list[Path]:
        """Return the files that settings of a level may stand in; none where it has none."""
        return [files[level] for files in (self._files, self._own) if level in files]

    def place(self, level: Level, section: str, option: str, url: str) -> Path | None:
        """Return the file of a level that a setting belongs in, or None if it has none.

        Args:
            level: The level.
            section: `core`, or `remote.origin`.
            option: Its name in the section.
            url: The address of the remote that it is about, or empty.
        """
        if level in self._own and not self._home.takes(section, option, url):
            return self._own[level]
        return self._files.get(level)

    def settings(self, level: Level | None = None) -> list[Setting]:
        """Return everything that is set, from the weakest level on, or at one level only."""
        return [found for found in self._settings if level is None or found.level is level]

    def find(self, name: str) -> Setting | None:
        """Return the strongest setting of that name, or None if it is set nowhere.

        Raises:
            UnknownOptionError: No setting could be called so.
        """
        section, option = split_name(name)
        return self._strongest.get(section, {}).get(option)

    def get(self, name: str) -> str | None:
        """Return what is set, or None. Paths are absolute.

        Raises:
            UnknownOptionError: No setting could be called so.
        """
        setting = self.find(name)
        return setting.value if setting is not None else None

    def text(self, name: str) -> str:
        """Return what holds for an option of the table: what is set, else the default, else "".

        Raises:
            BadValueError: What is set is not among the allowed values.
        """
        return self._checked(name)

    def flag(self, name: str) -> bool:
        """Return whether a yes-or-no option of the table holds.

        Raises:
            BadValueError: What is set says neither.
        """
        return read_flag(self._checked(name)) is True

    def number(self, name: str) -> int | None:
        """Return a number of the table, or None where it is not set and has no default.

        Raises:
            BadValueError: What is set is no number, or too small.
        """
        return read_number(self._checked(name))

    def rate(self, name: str) -> int | None:
        """Return a number of bytes a second, 0 for no bound, or None where it is not set.

        Raises:
            BadValueError: What is set is no such thing.
        """
        return read_rate(self._checked(name))

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of the table.

        Raises:
            BadValueError: What is set holds something else than allowed names.
        """
        return read_names(self._checked(name))

    def remote_names(self) -> list[str]:
        """Return the names of all remotes that have an address, sorted."""
        return sorted(
            name
            for section, options in self._strongest.items()
            if (name := _remote_name(section)) and "url" in options and options["url"].value
        )

    def remotes(self) -> dict[str, RemoteSettings]:
        """Return all remotes that have an address, by name.

        Raises:
            ConfigError: As `remote` raises.
        """
        return {name: self.remote(name) for name in self.remote_names()}

    def remote(self, name: str | None = None) -> RemoteSettings:
        """Return what is configured about a remote.

        Args:
            name: Which one; None for the default, or the only one there is.

        Raises:
            NoRemoteError: The default is asked for, and there is no remote.
            NoDefaultRemoteError: The default is asked for, and there are several.
            UnknownRemoteError: No remote has that name, or one that its address refers to.
            BadValueError: How many jobs it may run is no number, its bandwidth no rate, or its
                layout unknown.
        """
        found = self.default_remote() if name is None else name.lower()
        url, settings = self._remote_settings(found, ())
        values = {option: setting.value for option, setting in settings.items()}
        jobs = read_number(values.pop("jobs", ""))
        bandwidth = read_rate(values.pop("bandwidth", ""))
        layout = values.pop("layout", "").strip().lower()
        versioned = _keeps_versions(values)
        unheeded = _WITHOUT_EFFECT.union(_VERSIONED)
        options = {key: value for key, value in values.items() if key not in unheeded}
        tracked = {key for key, one in settings.items() if one.level is Level.REPOSITORY}
        return RemoteSettings(
            found, url, jobs, options, layout, versioned, bandwidth, frozenset(tracked)
        )

    def keeps_versions(self, name: str) -> bool:
        """Return whether files lie on a remote under their own names, in all their versions."""
        own = self._strongest.get(f"remote.{name}", {})
        return _keeps_versions({option: setting.value for option, setting in own.items()})

    def default_remote(self) -> str:
        """Return the name of the remote to use where none is named.

        Raises:
            NoRemoteError: There is no remote.
            NoDefaultRemoteError: There are several, and none is the default.
        """
        default = self.get("core.remote")
        if default:
            return default.lower()
        names = self.remote_names()
        if not names:
            raise NoRemoteError
        if len(names) > 1:
            raise NoDefaultRemoteError(names)
        return names[0]

    def _remote_settings(self, name: str, via: tuple[str, ...]) -> tuple[str, dict[str, Setting]]:
        """Return the address and the options of a remote, those it refers to included."""
        if name in via or len(via) > _MOST_REFERENCES:
            raise ConfigError(
                f"the addresses of remotes lead on and on: {' → '.join(via)} → {name}"
            )
        own = dict(self._strongest.get(f"remote.{name}", {}))
        url = own.pop("url").value if "url" in own else ""
        if not url:
            raise UnknownRemoteError(name, self.remote_names())
        for option in ("jobs", "bandwidth", "layout"):
            if option in own:
                self._checked(f"remote.{name}.{option}")
        if not url.startswith(_BY_REFERENCE):
            return url, own
        other, _, below = url.removeprefix(_BY_REFERENCE).partition("/")
        base_url, base = self._remote_settings(other.lower(), (*via, name))
        return f"{base_url.rstrip('/')}/{below}" if below else base_url, {**base, **own}

    def _checked(self, name: str) -> str:
        section, option_name = split_name(name)
        option = find_option(section, option_name)
        if option is None:
            raise KeyError(name)
        setting = self._strongest.get(section, {}).get(option_name)
        if setting is None:
            return option.default
        return check_value(option, setting.name, setting.value, where=setting.origin)


def _read_file(level: Level, path: Path) -> Iterator[Setting]:
    folder, origin = str(path.parent), str(path)
    for section, options in read_document(path).sections().items():
        for option, text in options.items():
            value = resolve(text, folder) if text and is_path(section, option) else text
            yield Setting(section, option, value, level, origin)


def _keeps_versions(options: Mapping[str, str]) -> bool:
    # What is neither true nor false is not taken for a no: packs would end up among the files.
    return any(read_flag(options.get(option, "false")) is not False for option in _VERSIONED)


def _remote_name(section: str) -> str:
    kind, _, name = section.partition(".")
    return name if kind == "remote" else ""
