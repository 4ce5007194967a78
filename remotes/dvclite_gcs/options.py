"""A Google Cloud Storage remote's address and options, read and judged without the SDK.

The names are DVC's, so that a section copied from its configuration works.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dvclite.errors import RemoteSetupError
from dvclite.remote.address import Address, parse_address
from dvclite.remote.options import Readers, endpoint, flag, path, read_options, text

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class GCSOptions:
    """How to reach a bucket. Empty means: as the SDK decides.

    Attributes:
        projectname: The project to name where a request wants one.
        credentialpath: The key file of a service account, or a user's credentials as
            `gcloud auth application-default login` writes them.
        endpointurl: The server's address, where it is not Google's. It has to be said then which
            credentials it may see, or none: the address may come with a repository from anywhere,
            and would be sent a token that opens all that the user may open at Google.
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
        RemoteSetupError: One is unknown or makes no sense, or two contradict each other.
    """
    values = read_options(url, options, _READERS, "a Google Cloud Storage remote")
    parsed = GCSOptions(**values)
    if parsed.allow_anonymous_login and parsed.credentialpath:
        raise RemoteSetupError(url, "allow_anonymous_login and credentialpath exclude each other")
    named = parsed.allow_anonymous_login or parsed.credentialpath
    if parsed.endpointurl and not named and not _is_google(parsed.endpointurl):
        raise RemoteSetupError(
            url,
            f"your own Google credentials are not sent to {parsed.endpointurl}",
            hint="set allow_anonymous_login, or credentialpath with `dvclite remote modify --local`",
        )
    return parsed


def _is_google(endpointurl: str) -> bool:
    parts = urlsplit(endpointurl)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".googleapis.com")


_READERS: Readers = {
    "projectname": text,
    "credentialpath": path,
    "endpointurl": endpoint,
    "allow_anonymous_login": flag,
}
