"""Settings that are missing, unknown or malformed."""

from collections.abc import Sequence

from dvclite.errors.ground import DvcliteError, shown


class ConfigError(DvcliteError):
    """A setting is missing, unknown or malformed."""


class ConfigFileError(ConfigError):
    """A config file cannot be understood."""

    def __init__(self, path: str, line: int, reason: str, *, hint: str = "") -> None:
        super().__init__(
            f"{shown(path)}:{line}: {reason}", hint=hint or f"mend {shown(path)} with an editor"
        )
        self.path = path
        self.line = line


class UnknownOptionError(ConfigError):
    """A setting that dvclite does not have."""

    def __init__(self, name: str, close: Sequence[str]) -> None:
        super().__init__(
            f"there is no setting {name!r}",
            hint=f"did you mean {' or '.join(close)}?"
            if close
            else "`dvclite config --help` lists them",
        )
        self.name = name


class BadValueError(ConfigError):
    """A setting has a value that it cannot have."""

    def __init__(self, name: str, value: str, expected: str, *, where: str = "") -> None:
        place = f" in {where}" if where else ""
        super().__init__(f"{name}{place} is {value!r}, but has to be {expected}")
        self.name = name


class SecretInUrlError(ConfigError):
    """A password stands in a setting that git would track."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(
            f"{name} would put a password into a file that git tracks: {value}",
            hint="set it with --local, or leave it to the environment or the cloud's own settings",
        )
        self.name = name


class UnknownAlgorithmError(ConfigError):
    """A hash algorithm that dvclite does not know."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"unknown hash algorithm {name!r}", hint=f"known are {', '.join(known)}")
        self.name = name


class NoRemoteError(ConfigError):
    """A command needs a remote and none is configured."""

    def __init__(self) -> None:
        super().__init__(
            "no remote is configured",
            hint="add one with `dvclite remote add -d NAME URL`, a directory or an s3:// or gs:// address",
        )


class NoDefaultRemoteError(ConfigError):
    """A command needs a remote, and none of several is the default."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"none of the remotes is the default: {', '.join(names)}",
            hint="name one with -r, or choose one for good with `dvclite remote default NAME`",
        )
        self.names = tuple(names)


class UnknownRemoteError(ConfigError):
    """A remote is named that is not configured."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        names = f"configured are {', '.join(known)}" if known else "none is configured"
        super().__init__(
            f"no remote named {name!r}; {names}", hint="`dvclite remote list` shows them"
        )
        self.name = name


class RemoteExistsError(ConfigError):
    """A remote of that name is configured already."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(
            f"there is a remote {name!r} already, in {shown(path)}",
            hint="choose another name, or replace it with `dvclite remote add --force`",
        )
        self.name = name
        self.path = path
