"""An S3 remote's address and options, read and judged without the SDK.

The names are DVC's wherever DVC has the option, so that a section copied from its configuration
works. No message repeats the value of an option that could be a secret.
"""

import base64
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from dvclite.errors import RemoteSetupError
from dvclite.remote.address import Address, parse_address
from dvclite.remote.options import (
    Readers,
    UnfitError,
    endpoint,
    flag,
    path,
    read_options,
    text,
    tracked,
)

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_SIZE = re.compile(r"(\d+)\s*(?:([kmgt])i?b|b)?", re.IGNORECASE)
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}

_SMALLEST_PART = 5 << 20
_LARGEST_PUT = 5 << 30

_NO_EFFECT = frozenset({"cache_regions", "listobjects"})
"""Options of DVC that steer what boto3 always does, or that DVC itself no longer heeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How to reach a bucket, and how to store things in it. Empty means: as the SDK decides.

    Attributes:
        endpointurl: The server's address, where it is not AWS.
        region: The bucket's region.
        profile: A profile of the AWS configuration: keys, SSO, or a role to assume.
        credentialpath: A file to read in place of `~/.aws/credentials`.
        configpath: A file to read in place of `~/.aws/config`.
        access_key_id: With `secret_access_key`, explicit credentials.
        session_token: Belongs to explicit credentials that are temporary.
        allow_anonymous_login: Send no credentials: for public buckets.
        use_ssl: Whether to use TLS where `endpointurl` does not say.
        ssl_verify: False, or the path of a file with the certificates to trust.
        addressing_style: `path` or `virtual`: whether the bucket stands in the path or the host.
        connect_timeout: Seconds.
        read_timeout: Seconds of silence after which a connection counts as dead.
        request_checksum_calculation: `when_required` for servers that do not know the checksums
            that are otherwise sent with what is stored.
        response_checksum_validation: The same for what is read.
        sse: Server-side encryption: `AES256` or `aws:kms`.
        sse_kms_key_id: The key for `aws:kms`.
        sse_customer_algorithm: The algorithm for `sse_customer_key`.
        sse_customer_key: A key of one's own, which the server forgets after each request.
        acl: A canned access control list.
        grant_full_control: As `grant_read`, `grant_read_acp`, `grant_write_acp`: who gets what.
        storage_class: For instance `STANDARD_IA`.
        requester_pays: Whether to bear the costs of requests to somebody else's bucket.
        multipart_threshold: Files larger than this many bytes are sent in parts.
        multipart_chunksize: How many bytes a part has at least.
    """

    endpointurl: str = ""
    region: str = ""
    profile: str = ""
    credentialpath: str = ""
    configpath: str = ""
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    allow_anonymous_login: bool = False
    use_ssl: bool = True
    ssl_verify: bool | str | None = None
    addressing_style: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    request_checksum_calculation: str = ""
    response_checksum_validation: str = ""
    sse: str = ""
    sse_kms_key_id: str = ""
    sse_customer_algorithm: str = ""
    sse_customer_key: bytes = field(default=b"", repr=False)
    acl: str = ""
    grant_full_control: str = ""
    grant_read: str = ""
    grant_read_acp: str = ""
    grant_write_acp: str = ""
    storage_class: str = ""
    requester_pays: bool = False
    multipart_threshold: int = 100 << 20
    multipart_chunksize: int = 32 << 20


def parse_url(url: str) -> Address:
    """Return where `url` leads.

    Raises:
        RemoteSetupError: It is not `s3://bucket` with or without a prefix.
    """
    hint = "keep keys in the options access_key_id and secret_access_key, a server in endpointurl"
    return parse_address(url, "s3", _BUCKET, hint)


def parse_options(url: str, options: Mapping[str, str]) -> S3Options:
    """Return what `options` ask for.

    Args:
        url: The remote's address, for messages.
        options: By name, as they stand in the configuration.

    Raises:
        RemoteSetupError: One is unknown or makes no sense, two contradict each other, or a
            stranger may have set them.
    """
    heeded = {name: value for name, value in options.items() if name not in _NO_EFFECT}
    values = read_options(url, heeded, _READERS, "an S3 remote")
    parsed = S3Options(**values)
    _check_together(url, parsed)
    _check_trusted(url, parsed, tracked(options))
    return parsed


def _verify(value: str) -> bool | str:
    return flag(value) if value.lower() in {"true", "false"} else _existing(value)


def _existing(value: str) -> str:
    path = os.path.expanduser(value)
    if not os.path.exists(path):
        raise UnfitError(f"must be true, false or the path of certificates; nothing is at {path}")
    return path


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise UnfitError("must be a number of seconds")
    return seconds


def _size(value: str) -> int:
    match = _SIZE.fullmatch(value)
    size = int(match[1]) << _UNITS[(match[2] or "").lower()] if match else 0
    if not _SMALLEST_PART <= size <= _LARGEST_PUT:
        raise UnfitError("must be a number of bytes from 5 MiB to 5 GiB, such as 32MiB")
    return size


def _customer_key(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise UnfitError("must be encoded in base64") from None


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in choices:
            raise UnfitError(f"must be one of {', '.join(choices)}")
        return value.lower()

    return read


_READERS: Readers = {
    "endpointurl": endpoint,
    "region": text,
    "profile": str,
    "credentialpath": path,
    "configpath": path,
    "access_key_id": text,
    "secret_access_key": text,
    "session_token": text,
    "allow_anonymous_login": flag,
    "use_ssl": flag,
    "ssl_verify": _verify,
    "addressing_style": _one_of("auto", "path", "virtual"),
    "connect_timeout": _seconds,
    "read_timeout": _seconds,
    "request_checksum_calculation": _one_of("when_supported", "when_required"),
    "response_checksum_validation": _one_of("when_supported", "when_required"),
    "sse": text,
    "sse_kms_key_id": text,
    "sse_customer_algorithm": text,
    "sse_customer_key": _customer_key,
    "acl": text,
    "grant_full_control": text,
    "grant_read": text,
    "grant_read_acp": text,
    "grant_write_acp": text,
    "storage_class": text,
    "requester_pays": flag,
    "multipart_threshold": _size,
    "multipart_chunksize": _size,
}


def _check_together(url: str, options: S3Options) -> None:
    keys = (options.access_key_id, options.secret_access_key)
    grants = (
        options.grant_full_control,
        options.grant_read,
        options.grant_read_acp,
        options.grant_write_acp,
    )
    contradictions = {
        "access_key_id and secret_access_key belong together": any(keys) != all(keys),
        "session_token belongs to an access_key_id": options.session_token and not any(keys),
        "allow_anonymous_login and access_key_id exclude each other": (
            options.allow_anonymous_login and any(keys)
        ),
        "sse_customer_key excludes sse and sse_kms_key_id": (
            options.sse_customer_key and (options.sse or options.sse_kms_key_id)
        ),
        "acl and the grant_ options exclude each other": options.acl and any(grants),
    }
    for reason, holds in contradictions.items():
        if holds:
            raise RemoteSetupError(url, reason)


def _check_trusted(url: str, options: S3Options, tracked: Collection[str]) -> None:
    # A signature opens nothing but the request that it signs. But these files can name programs
    # to run, and files whose content is to be sent; and a key of one's own goes with each request.
    for name in ("configpath", "credentialpath"):
        if name in tracked:
            raise RemoteSetupError(
                url,
                f"{name} comes with the repository, and such a file can name programs to run",
                hint=f"if you trust it, set {name} with `dvclite remote modify --local`",
            )
    if options.sse_customer_key and "endpointurl" in tracked:
        raise RemoteSetupError(
            url,
            f"sse_customer_key is not sent to {options.endpointurl}, since endpointurl comes with the"
            " repository",
            hint="if you trust it, set endpointurl with `dvclite remote modify --local`",
        )
