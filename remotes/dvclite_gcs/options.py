"""A Google Cloud Storage remote's address and options, read and judged without the SDK.

The names are DVC's, so that a section copied from its configuration works.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dvclite.errors import RemoteSetupError

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a remote's keys are.

    Attributes:
        bucket: The bucket's name.
        prefix: What goes before every key; empty, or ending in `/`.
    """

    bucket: str
    prefix: str

    @property
    def url(self) -> str:
        """The address as a URL without a final `/`."""
        return f"gs://{self.bucket}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class GCSOptions:
    """How to reach a bucket. Empty means: as the SDK decides.

    Attributes:
        projectname: The project to name where a request wants one.
        credentialpath: The key file of a service account, or a user's credentials as
            `gcloud auth application-default login` writes them.
        endpointurl: The server's address, where it is not Google's.
        allow_anonymous_login: Send no credentials: for public buckets.
    """

    projectname: str = ""
    credentialpath: str = ""
    endpointurl: str = ""
    allow_anonymous_login: bool = False


def parse_url(url: str) -> Address:
    """Return where `url` leads.

    Raises:
        RemoteSetupError: It is not `gs://bucket` with or without a prefix.
    """
    bucket, _, prefix = url.removeprefix("gs://").partition("/")
    if "@" in bucket or ":" in bucket:
        # What stands there may well be a secret.
        raise RemoteSetupError(
            "gs://…",
            "the address must begin with a bucket's name, without credentials",
            hint="keep credentials in a file that the option credentialpath names",
        )
    if not url.startswith("gs://") or not _BUCKET.fullmatch(bucket):
        raise RemoteSetupError(
            url, f"{bucket!r} is not the name of a bucket", hint="write gs://bucket/prefix"
        )
    prefix = prefix.strip("/")
    if not prefix.isprintable() or any(part in {".", ".."} for part in prefix.split("/")):
        raise RemoteSetupError(
            f"gs://{bucket}", "the prefix may not hold control characters or the parts . and .."
        )
    return Address(bucket, f"{prefix}/" if prefix else "")


def parse_options(url: str, options: Mapping[str, str]) -> GCSOptions:
    """Return what `options` ask for.

    Args:
        url: The remote's address, for messages.
        options: By name, as they stand in the configuration.

    Raises:
        RemoteSetupError: One is unknown or makes no sense, or two contradict each other.
    """
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name not in _READERS:
            raise RemoteSetupError(
                url,
                f"a Google Cloud Storage remote has no option {name!r}",
                hint=f"it knows {', '.join(sorted(_READERS))}",
            )
        try:
            values[name] = _READERS[name](value.strip())
        except _BadValueError as error:
            raise RemoteSetupError(url, f"option {name}: {error}") from None
    parsed = GCSOptions(**values)
    if parsed.allow_anonymous_login and parsed.credentialpath:
        raise RemoteSetupError(url, "allow_anonymous_login and credentialpath exclude each other")
    return parsed


class _BadValueError(Exception):
    """Says what a value should have been."""


def _path(value: str) -> str:
    path = os.path.expanduser(value)
    if not os.path.isfile(path):
        raise _BadValueError(f"there is no file {path}")
    return path


def _flag(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise _BadValueError("must be true or false")
    return value.lower() == "true"


def _text(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise _BadValueError("only printable ASCII characters can be sent")
    return value


def _endpoint(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_makes_sense = parts.port is None or parts.port > 0
    except ValueError:
        raise _BadValueError("must be an address such as https://host:port") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_makes_sense:
        raise _BadValueError("must be an address such as https://host:port")
    if parts.username is not None or parts.query or parts.fragment:
        raise _BadValueError("must hold no credentials and nothing after the path")
    return value.rstrip("/")


_READERS: Mapping[str, Callable[[str], object]] = {
    "projectname": _text,
    "credentialpath": _path,
    "endpointurl": _endpoint,
    "allow_anonymous_login": _flag,
}
