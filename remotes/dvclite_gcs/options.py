"""A Google Cloud Storage remote's address and options, read and judged without the SDK.

The names are DVC's, so that a section copied from its configuration works.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dvclite.errors import RemoteSetupError
from dvclite.remote.address import Address, parse_address
from dvclite.remote.options import Readers, endpoint, flag, path, read_options, text, tracked

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class GCSOptions:
    """How to reach a bucket. Empty means: as the SDK decides.

    Attributes:
        projectname: The project to name where a request wants one.
        credentialpath: The key file of a service account, or a user's credentials as
            `gcloud auth application-default login` writes them.
        endpointurl: The server's address, where it is not Google's. It has to be said then which
            credentials it may see, or none, and that not in what comes with the repository: the
            address may be a stranger's, and would be sent a token that opens all that the user
            may open at Google.
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
    hint = "keep credentials in a file that the option credentialpath names"
    return parse_address(url, "gs", _BUCKET, hint)


def parse_options(url: str, options: Mapping[str, str]) -> GCSOptions:
    """Return what `options` ask for.

    Args:
        url: The remote's address, for messages.
        options: By name, as they stand in the configuration.

    Raises:
        RemoteSetupError: One is unknown or makes no sense, two contradict each other, or a
            stranger may have set them to get at credentials.
    """
    values = read_options(url, options, _READERS, "a Google Cloud Storage remote")
    parsed = GCSOptions(**values)
    if parsed.allow_anonymous_login and parsed.credentialpath:
        raise RemoteSetupError(url, "allow_anonymous_login and credentialpath exclude each other")
    if parsed.endpointurl and not _is_google(parsed.endpointurl):
        _check_trusted(url, parsed, tracked(options))
    return parsed


def _check_trusted(url: str, options: GCSOptions, tracked: Collection[str]) -> None:
    """Return if all that goes to a server other than Google's may be known there.

    Raises:
        RemoteSetupError: A token would, which opens all that its owner may open at Google.
    """
    if options.allow_anonymous_login:
        return
    if not options.credentialpath:
        raise RemoteSetupError(
            url,
            f"your own Google credentials are not sent to {options.endpointurl}",
            hint="set allow_anonymous_login, or endpointurl and credentialpath with"
            " `dvclite remote modify --local`",
        )
    for name in ("endpointurl", "credentialpath"):
        if name in tracked:
            raise RemoteSetupError(
                url,
                f"no credentials are sent to {options.endpointurl}, since {name} comes with the"
                " repository",
                hint=f"if you trust it, set {name} with `dvclite remote modify --local`; or set"
                " allow_anonymous_login",
            )


def _is_google(endpointurl: str) -> bool:
    parts = urlsplit(endpointurl)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".googleapis.com")


_READERS: Readers = {
    "projectname": text,
    "credentialpath": path,
    "endpointurl": endpoint,
    "allow_anonymous_login": flag,
}
