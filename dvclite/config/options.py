"""Every setting that dvclite itself understands, and what values it may have."""

import re
from dataclasses import dataclass
from enum import Enum

from dvclite.errors import BadValueError, UnknownOptionError

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})

_RATE = re.compile(r"(\d{1,12}) ?(?:([kmg]?)(i?)b?)(?:/s)?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_LEAST_RATE = 64 << 10
"""Servers hang up on those who say nothing for long."""

# Beside an address these lead to files, and are kept relative to the config file like one.
_REMOTE_PATHS = frozenset(
    {
        "url",
        "cert_path",
        "configpath",
        "credentialpath",
        "gdrive_service_account_json_file_path",
        "gdrive_user_credentials_file",
        "key_path",
        "keyfile",
    }
)


class Kind(Enum):
    """What a value has to look like; the text is for people."""

    TEXT = "text"
    PATH = "a path"
    FLAG = "true or false"
    NUMBER = "a whole number"
    NAMES = "a list of names with commas between them"
    RATE = "a number of bytes a second such as 500KiB or 10MB, 64KiB at least, or 0 for no bound"


@dataclass(frozen=True, slots=True)
class Option:
    """A setting.

    Attributes:
        section: `core`, `cache`; `remote` for what every remote has.
        name: The option in that section.
        kind: What its values look like.
        description: What it decides, in one line.
        default: What holds where it is not set; empty if that depends on other things.
        allowed: All values, or all names in a list of them; empty for any.
        least: The smallest number.
    """

    section: str
    name: str
    kind: Kind
    description: str
    default: str = ""
    allowed: tuple[str, ...] = ()
    least: int = 0

    @property
    def expected(self) -> str:
        """What a value has to be, in words."""
        if self.kind is Kind.NAMES:
            return f"a list, with commas, of {', '.join(self.allowed)}"
        if self.kind is Kind.NUMBER:
            return f"a whole number, {self.least} or more"
        return " or ".join(self.allowed) if self.allowed else self.kind.value


OPTIONS = (
    Option("core", "remote", Kind.TEXT, "The remote to use where none is named."),
    Option(
        "core",
        "autostage",
        Kind.FLAG,
        "Whether pointers and ignore files are staged in git as they change.",
        default="false",
    ),
    Option(
        "core",
        "hash",
        Kind.TEXT,
        "What data is named by. Chosen by `dvclite init`, and for good.",
        default="blake3",
        allowed=("blake3", "xxh128"),
    ),
    Option(
        "core",
        "no_scm",
        Kind.FLAG,
        "Whether the repository stands by itself, without git.",
        default="false",
    ),
    Option(
        "core",
        "jobs",
        Kind.NUMBER,
        "How many things to do at once; by default what suits the machine.",
        least=1,
    ),
    Option(
        "core",
        "bandwidth",
        Kind.RATE,
        "How many bytes a second to exchange with a remote at most, there and back together.",
    ),
    Option(
        "cache",
        "dir",
        Kind.PATH,
        "The cache's folder; by default `cache` in the repository's own folder.",
    ),
    Option(
        "cache",
        "type",
        Kind.NAMES,
        "How files get from the cache into the workspace: the first way that works.",
        default="reflink,copy",
        allowed=("reflink", "hardlink", "symlink", "copy"),
    ),
    Option(
        "cache",
        "largest_packed",
        Kind.NUMBER,
        "How large a file may be, in bytes, that goes into a pack of the cache with others; 0 for"
        " none. Larger ones lie by themselves, so that they can be linked.",
        default="1048576",
    ),
    Option(
        "cache",
        "shared",
        Kind.TEXT,
        "Who may write to the cache beside its owner.",
        allowed=("group",),
    ),
    Option(
        "gc",
        "trash_days",
        Kind.NUMBER,
        "Days for which `dvclite gc` keeps what it has removed, in the trash of the cache.",
        default="7",
    ),
    Option(
        "remote",
        "url",
        Kind.PATH,
        "The remote's address: a directory, s3://, gs://, or remote://NAME/FOLDER.",
    ),
    Option(
        "remote",
        "jobs",
        Kind.NUMBER,
        "How many transfers to run at once with this remote.",
        least=1,
    ),
    Option(
        "remote",
        "bandwidth",
        Kind.RATE,
        "How many bytes a second to exchange with this remote at most, in place of"
        " `core.bandwidth`.",
    ),
    Option(
        "remote",
        "layout",
        Kind.TEXT,
        "How data lies on the remote; by default as the repository's format has it.",
        allowed=("packs", "loose"),
    ),
)
"""The table that help and documentation are made from. A remote's plugin has options of its own."""

_BY_NAME = {(option.section, option.name): option for option in OPTIONS}


def find_option(section: str, name: str) -> Option | None:
    """Return what is known of an option, `section` being `core` or `remote.origin`."""
    return _BY_NAME.get((section.partition(".")[0], name))


def is_path(section: str, name: str) -> bool:
    """Say whether an option's value is a path, relative to the config file it stands in."""
    if section.startswith("remote."):
        return name in _REMOTE_PATHS
    return (section, name) == ("cache", "dir")


def split_name(name: str) -> tuple[str, str]:
    """Return section and option of a setting's full name, `core.remote`, `remote.origin.url`.

    Raises:
        UnknownOptionError: It has no section, or is about a remote without naming one.
    """
    section, _, option = name.strip().lower().rpartition(".")
    if not section or not option or section == "remote":
        raise UnknownOptionError(name, close_names(name))
    return section, option


def close_names(name: str) -> list[str]:
    """Return the names of settings that somebody may have meant by `name`."""
    import difflib

    plain = name.strip().lower()
    known = [f"{option.section}.{option.name}" for option in OPTIONS if option.section != "remote"]
    same_option = [full for full in known if full.partition(".")[2] == plain.rpartition(".")[2]]
    close = difflib.get_close_matches(plain, known, n=2, cutoff=0.6)
    return list(dict.fromkeys([*close, *same_option]))[:3]


def read_flag(value: str) -> bool | None:
    """Return what a value says, or None if it is neither true nor false."""
    plain = value.strip().lower()
    return plain in _TRUE if plain in _TRUE or plain in _FALSE else None


def read_number(value: str) -> int | None:
    """Return a whole number without a sign, or None if it is not one."""
    plain = value.strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 9 else None


def read_rate(value: str) -> int | None:
    """Return how many bytes a second a value says, 0 for no bound; None if it says no such thing."""
    match = _RATE.fullmatch(value.strip())
    if match is None:
        return None
    rate = int(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2].lower()]
    return rate if rate == 0 or rate >= _LEAST_RATE else None


def read_names(value: str) -> tuple[str, ...]:
    """Return the items of a list with commas."""
    return tuple(name for item in value.split(",") if (name := item.strip().lower()))


def check_value(option: Option, name: str, value: str, *, where: str = "") -> str:
    """Return a value as it is spelled for good, the only way in which DVC takes it, too.

    Args:
        option: What is known of it.
        name: Its full name, for the message.
        value: The value.
        where: Where that stands, for the message.

    Raises:
        BadValueError: The option may not have it.
    """
    spelled = _spelled(option, value)
    if spelled is None:
        raise BadValueError(name, value, option.expected, where=where)
    return spelled


def _spelled(option: Option, value: str) -> str | None:
    if option.kind is Kind.FLAG:
        flag = read_flag(value)
        return str(flag).lower() if flag is not None else None
    if option.kind is Kind.NUMBER:
        number = read_number(value)
        return str(number) if number is not None and number >= option.least else None
    if option.kind is Kind.RATE:
        return value.strip() if read_rate(value) is not None else None
    if option.kind is Kind.NAMES:
        names = read_names(value)
        return ",".join(names) if names and set(names) <= set(option.allowed) else None
    if option.allowed:
        plain = value.strip().lower()
        return plain if plain in option.allowed else None
    return value
