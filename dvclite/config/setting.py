"""One setting: its name, its value, and where it stands."""

from dataclasses import dataclass
from enum import Enum

from dvclite.config.secrets import public_value


class Level(Enum):
    """How strong a setting is, from the weakest on."""

    SYSTEM = "system"
    GLOBAL = "global"
    REPOSITORY = "repository"
    MAIN_WORKTREE = "main worktree"
    LOCAL = "local"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, repr=False)
class Setting:
    """An option with a value.

    Attributes:
        section: `core`; `remote.origin` for the remote of that name.
        option: Its name in the section.
        value: As it is used: paths are absolute.
        level: How strong it is.
        origin: The config file, or the environment variable.
    """

    section: str
    option: str
    value: str
    level: Level
    origin: str

    @property
    def name(self) -> str:
        """The full name, such as `remote.origin.url`."""
        return f"{self.section}.{self.option}"

    @property
    def shown(self) -> str:
        """The value as it may be shown, with secrets hidden."""
        return public_value(self.option, self.value)

    def __repr__(self) -> str:
        return f"Setting({self.name}={self.shown!r}, {self.level.value}, {self.origin!r})"


@dataclass(frozen=True, slots=True, repr=False)
class RemoteSettings:
    """What is configured about a remote.

    Attributes:
        name: How the repository calls it.
        url: Its address; a path is absolute.
        jobs: How many transfers to run at once; None for the default.
        options: All that its plugin has to know beside the address.
        layout: How blobs lie there, `packs` or `loose`; empty where the format decides.
        keeps_versions: Whether files lie there under their own names, in all their versions.
        bandwidth: Bytes a second to exchange with it at most; 0 for no bound, None for the
            default.
        tracked: The options that come with the repository, from whoever wrote there.
    """

    name: str
    url: str
    jobs: int | None
    options: dict[str, str]
    layout: str = ""
    keeps_versions: bool = False
    bandwidth: int | None = None
    tracked: frozenset[str] = frozenset()

    @property
    def shown_url(self) -> str:
        """The address as it may be shown."""
        return public_value("url", self.url)

    def __repr__(self) -> str:
        options = {option: public_value(option, value) for option, value in self.options.items()}
        return f"RemoteSettings({self.name!r}, {self.shown_url!r}, jobs={self.jobs}, {options})"
