"""What went wrong on Google Cloud Storage, in the contract's few kinds of error.

`translated` is the one place where exceptions of the SDK end. Its messages are written here:
nothing is copied from an exception or an answer but codes, so that no secret can come along.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests.exceptions
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from urllib3.exceptions import HTTPError

from dvclite.errors import (
    AccessDeniedError,
    RemoteError,
    RemoteSetupError,
    RemoteUnavailableError,
)
from dvclite.remote.address import Address
from dvclite.remote.meanings import (
    CLOCK,
    DAMAGED,
    FAILING,
    NO_BUCKET,
    REFUSED,
    REPLACED,
    Meaning,
    tidy,
    wish,
)
from dvclite.remote.waiting import LONGEST, asked_for

PERMISSIONS = {
    "read": "storage.objects.get",
    "list": "storage.objects.list",
    "write": "storage.objects.create",
    "delete": "storage.objects.delete",
}
"""What credentials must allow, by what is done with it."""


_DENIED = Meaning(
    AccessDeniedError,
    "access denied: the credentials do not allow {permission} there",
    "grant a role with {permission} on the bucket {bucket} (roles/storage.objectUser has all that"
    " is needed), or use credentials that have it",
)
_WRONG_KEYS = Meaning(
    AccessDeniedError,
    "the server wants credentials, or does not accept these",
    "run `gcloud auth application-default login`, or check the options credentialpath and"
    " allow_anonymous_login",
)
_EXPIRED = Meaning(
    AccessDeniedError,
    "the credentials have expired or were revoked ({code})",
    "run `gcloud auth application-default login`, or make a new key for the service account",
)
_NO_KEYS = Meaning(
    AccessDeniedError,
    "no credentials found",
    "run `gcloud auth application-default login`, set the option credentialpath, or"
    " allow_anonymous_login for a public bucket",
)
_UNREACHABLE = Meaning(
    RemoteUnavailableError,
    "the server cannot be reached, or fell silent ({code})",
    "check the network and, where it is set, the option endpointurl",
)
_UNTRUSTED = Meaning(
    RemoteSetupError,
    "the server's certificate is not trusted",
    "check the option endpointurl; REQUESTS_CA_BUNDLE may name certificates to trust",
)
_NOT_GOOGLE = Meaning(
    RemoteSetupError,
    "what answers there does not speak the language of Google Cloud Storage",
    "check the option endpointurl",
)
_BAD_SETTINGS = Meaning(
    RemoteSetupError,
    "the settings for Google Cloud make no sense ({code})",
    "check this remote's options",
)


class NotGoogleError(Exception):
    """An answer that Google Cloud Storage does not give."""


_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Meaning], ...] = (
    ((auth.TransportError, auth.TimeoutError), _UNREACHABLE),
    ((auth.RefreshError,), _EXPIRED),
    ((auth.MalformedError, auth.InvalidValue, auth.InvalidType), _BAD_SETTINGS),
    ((auth.DefaultCredentialsError,), _NO_KEYS),
    ((auth.GoogleAuthError,), _WRONG_KEYS),
    ((DataCorruption,), DAMAGED),
    ((NotGoogleError, requests.exceptions.JSONDecodeError), _NOT_GOOGLE),
    ((requests.exceptions.SSLError,), _UNTRUSTED),
    (
        (
            requests.exceptions.InvalidSchema,
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidHeader,
            requests.exceptions.MissingSchema,
        ),
        _BAD_SETTINGS,
    ),
    ((requests.exceptions.RequestException, HTTPError, ConnectionError), _UNREACHABLE),
    ((api.RetryError,), FAILING),
)

FOREIGN = (
    api.GoogleAPIError,
    auth.GoogleAuthError,
    DataCorruption,
    InvalidResponse,
    requests.exceptions.RequestException,
    HTTPError,
    NotGoogleError,
    ConnectionError,
)
"""All that the SDK lets out. The last is how it says that a download broke off."""

# How Google's token server says that a claim is of another time.
_TIME = re.compile(r"reasonable timeframe|short-lived token")

_XML_CODE = re.compile(rb"<Error>.*?<Code>(\w{1,60})</Code>", re.DOTALL)

# Reasons for a 403 that have nothing to do with permissions.
_BUSY = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})


@contextmanager
def translated(address: Address, action: str, key: str = "") -> Iterator[None]:
    """Run a block in which the SDK is used; let nothing of it out.

    Args:
        address: Where the remote is.
        action: What the block does there, as `PERMISSIONS` names it.
        key: What it does that with; empty where it is not one key.

    Raises:
        RemoteError: As the contract has it, in place of the SDK's exceptions.
    """
    try:
        yield
    except FOREIGN as error:
        raise described(error, address, action, key) from error


def described(
    error: Exception, address: Address, action: str, key: str, *, also: str = ""
) -> RemoteError:
    """Return what the contract has in place of an exception of the SDK.

    Args:
        error: The exception.
        address: Where the remote is.
        action: What was done there, as `PERMISSIONS` names it.
        key: With which key; empty where it was not one.
        also: What else is to be said of it.
    """
    if (seconds := wish_of(error)) > LONGEST:
        also = wish(seconds) + also
    return _meaning(error).error(
        address, permission=PERMISSIONS[action], key=key, code=_code(error), also=also
    )


def is_passing(error: Exception) -> bool:
    """Say whether the same request may succeed on another try."""
    return isinstance(error, FOREIGN) and _meaning(error) in {FAILING, _UNREACHABLE}


def wish_of(error: Exception) -> float:
    """Return for how many seconds the server asks to be left alone: 0 where it does not."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    return asked_for(headers) if headers else 0.0


def _meaning(error: Exception) -> Meaning:
    if isinstance(error, auth.RefreshError) and _TIME.search(str(error)):
        return CLOCK
    for types, meaning in _BY_TYPE:
        if isinstance(error, types):
            return meaning
    return _meaning_of_answer(_status(error), error)


def _meaning_of_answer(status: int, error: Exception) -> Meaning:
    reason = reason_of(error)
    if reason == "BadDigest" or (reason == "invalid" and "CRC32C" in str(error)):
        return DAMAGED
    if status in {408, 429} or status >= 500 or (status == 403 and reason in _BUSY):
        return FAILING
    known = {401: _WRONG_KEYS, 403: _DENIED, 404: NO_BUCKET, 412: REPLACED}
    return known.get(status, REFUSED)


def _status(error: Exception) -> int:
    if isinstance(error, InvalidResponse):
        return int(error.response.status_code)
    return int(getattr(error, "code", None) or 0)


def reason_of(error: Exception) -> str:
    """Return the word with which an answer says why, where it does: of the JSON API or the XML API."""
    answer = getattr(error, "response", None)
    if answer is None:
        return ""
    try:
        return str(answer.json()["error"]["errors"][0]["reason"])
    except (KeyError, IndexError, RuntimeError, TypeError, ValueError):
        pass
    try:
        code = _XML_CODE.search(answer.content)
    except RuntimeError:
        return ""
    return code[1].decode() if code is not None else ""


def _code(error: Exception) -> str:
    reason = tidy(reason_of(error))
    return " ".join(str(word) for word in (type(error).__name__, _status(error), reason) if word)
