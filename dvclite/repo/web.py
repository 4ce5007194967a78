"""Files on the web, with the standard library's client."""

import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import md5
from http.client import HTTPException, HTTPResponse

from dvclite.errors import OriginError

_PATIENCE = 60.0
"""Seconds of silence after which a server counts as dead."""

_TRIES = 3
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LOGIN = "name a remote in the pointer's path, remote://NAME/…, that has user and password set"
_MOVED = "see whether it was moved, and correct the path in the pointer"
_WANTED = {401: _LOGIN, 403: _LOGIN, 404: _MOVED, 410: _MOVED}
"""What to do next after an answer that will stay the same."""

_TOLD = ("ETag", "Content-MD5", "Digest", "Last-Modified")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server gave.

    Attributes:
        url: The address that was asked for.
        body: The content, to be read and closed.
    """

    url: str
    body: HTTPResponse

    def check(self, size: int) -> None:
        """Return if so many bytes are all that was announced.

        Raises:
            OriginError: The connection broke before.
        """
        announced = self.body.headers.get("Content-Length")
        if announced is not None and announced.isdigit() and int(announced) != size:
            raise OriginError(
                self.url, f"only {size:,} of {int(announced):,} bytes came", hint="try again"
            )

    def checksum(self, size: int) -> str:
        """Return what DVC goes by to see whether a file on the web has changed."""
        headers = self.body.headers
        tag = headers.get("ETag") or headers.get("Content-MD5")
        if tag:
            return tag
        told: dict[str, object] = {"name": self.url, "size": None}
        if "Content-Length" in headers:
            told["size"] = size
        if "Content-Type" in headers:
            told["mimetype"] = headers["Content-Type"].partition(";")[0]
        if headers.get("Accept-Ranges") == "none":
            told["partial"] = False
        told["url"] = self.body.geturl()
        told |= {name: headers[name] for name in _TOLD if headers.get(name)}
        told["type"] = "file"
        return str(int(md5(str((told,)).encode(), usedforsecurity=False).hexdigest(), 16))


def get(url: str, options: Mapping[str, str]) -> Answer:
    """Ask for what is at an address.

    Args:
        url: `http://` or `https://`.
        options: `user` and `password`, or `custom_auth_header` and `password`, as DVC has them;
            `ssl_verify`.

    Raises:
        OriginError: It is not to be had.
    """
    request = urllib.request.Request(url, headers=_headers(options))  # noqa: S310 - of the web
    opener = _opener(options)
    for tries in range(1, _TRIES + 1):
        try:
            return Answer(url, opener.open(request, timeout=_PATIENCE))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in _PASSING or tries == _TRIES:
                raise OriginError(
                    url,
                    f"the server answers {error.code} {error.reason}",
                    hint=_WANTED.get(error.code, "try again later"),
                ) from error
        except (OSError, HTTPException) as error:
            if tries == _TRIES:
                raise OriginError(
                    url,
                    f"{getattr(error, 'reason', None) or error}",
                    hint="check the address and the network, then try again",
                ) from error
        time.sleep(0.2 * 2.0**tries)
    raise AssertionError


def _headers(options: Mapping[str, str]) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "dvclite"}
    password = options.get("password", "")
    if options.get("auth") == "basic":
        login = f"{options.get('user', '')}:{password}"
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    elif options.get("auth") == "custom":
        headers[options.get("custom_auth_header", "Authorization")] = password
    return headers


def _opener(options: Mapping[str, str]) -> urllib.request.OpenerDirector:
    """Return a client that knows the web and nothing else, wherever it is sent on to."""
    import ssl

    verify = options.get("ssl_verify", "true")
    if verify.lower() in ("true", "false"):
        context = ssl.create_default_context()
        if verify.lower() == "false":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=verify)
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=context),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
