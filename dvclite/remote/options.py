"""The options of a remote as they stand in the configuration, read and judged.

No message repeats the value of an option that could be a secret.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from dvclite.errors import RemoteSetupError

Readers = Mapping[str, Callable[[str], object]]
"""By the names of options, what makes a value of the text that was set."""


class Options(dict[str, str]):
    """The options of a remote, and where they come from.

    Attributes:
        tracked: The names of those that come with the repository.
    """

    def __init__(
        self, values: Mapping[str, str] | None = None, *, tracked: Iterable[str] = ()
    ) -> None:
        """Hold `values`, of which those that `tracked` names come with the repository."""
        super().__init__(values or {})
        self.tracked = frozenset(tracked)


def tracked(options: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the options that come with the repository, from whoever wrote there."""
    return options.tracked if isinstance(options, Options) else frozenset()


class UnfitError(Exception):
    """Says what an option should have been, never what it is."""


def read_options(
    url: str, options: Mapping[str, str], readers: Readers, who: str
) -> dict[str, Any]:
    """Return what `options` say.

    Args:
        url: The remote's address, for messages.
        options: By name, as they stand in the configuration.
        readers: Those of all options that there are; each may raise `UnfitError`.
        who: What kind of remote has no others: `an S3 remote`.

    Raises:
        RemoteSetupError: One is unknown or makes no sense.
    """
    values = {}
    for name, value in options.items():
        if name not in readers:
            raise RemoteSetupError(
                url,
                f"{who} has no option {name!r}",
                hint=f"it knows {', '.join(sorted(readers))}",
            )
        try:
            values[name] = readers[name](value.strip())
        except UnfitError as error:
            raise RemoteSetupError(url, f"option {name}: {error}") from None
    return values


def text(value: str) -> str:
    """Return what may be sent in the header of a request."""
    # A line break, as pasting brings along, would end up in a header and then in an error's text.
    if not value.isascii() or not value.isprintable():
        raise UnfitError("only printable ASCII characters can be sent")
    return value


def path(value: str) -> str:
    """Return the path of a file that is there."""
    path = os.path.expanduser(value)
    if not os.path.isfile(path):
        raise UnfitError(f"there is no file {path}")
    return path


def flag(value: str) -> bool:
    """Return true or false."""
    if value.lower() not in {"true", "false"}:
        raise UnfitError("must be true or false")
    return value.lower() == "true"


def endpoint(value: str) -> str:
    """Return the address of a server, without a final `/`."""
    try:
        parts = urlsplit(value)
        port_makes_sense = parts.port is None or parts.port > 0
    except ValueError:
        raise UnfitError("must be an address such as https://host:port") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_makes_sense:
        raise UnfitError("must be an address such as https://host:port")
    if parts.username is not None or parts.query or parts.fragment:
        raise UnfitError("must hold no credentials and nothing after the path")
    return value.rstrip("/")
