"""What the configuration says about a remote in a directory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from dvclite.errors import RemoteSetupError

_OPTIONS = ("shared", "type")
_LINK_TYPES = frozenset({"reflink", "hardlink", "symlink", "copy"})


@dataclass(frozen=True, slots=True)
class Settings:
    """A remote's configuration, checked.

    Attributes:
        url: The address as it was given, for messages.
        path: The folder, absolute.
        reflink: Whether files may share their blocks with those they are copied from.
        shared: Whether all members of the folder's group shall be able to write.
    """

    url: str
    path: str
    reflink: bool = True
    shared: bool = False


def read_settings(url: str, options: Mapping[str, str]) -> Settings:
    """Check what the configuration says.

    Raises:
        RemoteSetupError: It makes no sense.
    """
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        raise RemoteSetupError(
            url,
            f"unknown option {unknown[0]!r}",
            hint=f"a remote in a folder has the options {' and '.join(_OPTIONS)}",
        )
    return Settings(
        url=url,
        path=_folder(url),
        reflink=_allows_reflinks(url, options.get("type", "reflink,copy")),
        shared=_is_shared(url, options.get("shared", "")),
    )


def _folder(url: str) -> str:
    path = _path_of_address(url) if url.lower().startswith("file:") else url
    if not path or "\0" in path:
        raise RemoteSetupError(url, "names no folder", hint="give the path of a directory")
    return os.path.abspath(path)


def _path_of_address(url: str) -> str:
    parts = urlsplit(url)
    if os.name == "nt":
        from urllib.request import url2pathname

        # Behind a host Windows finds a share; elsewhere there is no such thing.
        host = "" if parts.hostname == "localhost" else parts.netloc
        return url2pathname(f"//{host}{parts.path}" if host else parts.path)
    if parts.netloc not in {"", "localhost"}:
        raise RemoteSetupError(
            f"file://{parts.path}",
            f"a file:// address cannot lead to another machine, as to {parts.hostname}",
            hint="mount the share and give the path, or write file:///path with three slashes",
        )
    return unquote(parts.path)


def _allows_reflinks(url: str, types: str) -> bool:
    named = {name.strip().lower() for name in types.split(",") if name.strip()}
    if named - _LINK_TYPES or not named:
        raise RemoteSetupError(
            url,
            f"the option type cannot be {types!r}",
            hint="name one or more of reflink, hardlink, symlink and copy, separated by commas",
        )
    return "reflink" in named


def _is_shared(url: str, shared: str) -> bool:
    if shared.lower() not in {"", "group"}:
        raise RemoteSetupError(
            url, f"the option shared cannot be {shared!r}", hint="it can only be group"
        )
    return bool(shared)
