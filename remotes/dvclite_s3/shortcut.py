"""A shorter way for requests that are made ten thousand times, each for another key.

For one of them the SDK works out where its server is and how to speak to it, tells two dozen listeners
of it, and makes a dictionary of an answer of which one word is needed: three times the work of signing
it and sending it. So the SDK makes the first one, and others are made like it, signed, sent and
verified by the same parts of the SDK, but past its listeners and its counting of tries. Whatever is not
answered as it should be goes the long way then, which knows what to do about it.
"""

import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import BotoCoreError
from botocore.httpchecksum import handle_checksum_body
from botocore.utils import percent_encode
from urllib3.exceptions import HTTPError

from dvclite.remote.meanings import FAILING
from dvclite.remote.requests import Requests
from dvclite.remote.waiting import LONGEST, asked_for, back_off, wait_as_asked
from dvclite_s3.meanings import of_code

_SIGNED_ALIKE = ("s3v4", UNSIGNED)
"""Other signatures depend on more than the request."""

_NEVER_ALIKE = re.compile(
    r"content-(md5|length|encoding)|expect|if-.*|range|transfer-encoding"
    r"|x-amz-(meta-.*|trailer|decoded-content-length|checksum-(?!mode$).*)",
    re.IGNORECASE,
)
"""Headers that belong to one content, or to how it was sent."""

_OF_ONE_CALL = frozenset({"input_params", "retries", "s3_redirect"})
"""What the SDK notes of a call, its content included, and no signer reads."""


@dataclass(frozen=True, slots=True)
class _Likeness:
    """What requests of one kind have in common.

    Attributes:
        method: The HTTP method.
        url: All of the address but the name of the content, quoted.
        headers: What stands in the head before it is signed.
        context: What the SDK wants to know of it besides.
        sign: Signs a request of that kind.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    context: Mapping[str, Any]
    sign: Callable[[AWSRequest], None]


class _Slot(threading.local):
    """Where a thread that learns finds what the SDK has signed for it."""

    is_open = False
    seen: _Likeness | None = None


class Shortcut:
    """Makes requests of one kind like one that the SDK has made. Safe from many threads."""

    def __init__(
        self, client: Any, operation: str, requests: Requests, *, own: Collection[str] = ()
    ) -> None:
        """Know no request yet.

        Args:
            client: The SDK's.
            operation: What kind of request, by the SDK's name for it.
            requests: Is told of those that are made here.
            own: Names of headers, in lower case, that are not taken over: each request has its own
                of them, or none.
        """
        self._operation = operation
        self._model = client.meta.service_model.operation_model(operation)
        self._requests = requests
        self._own = frozenset(own)
        # Where the SDK has moved it, all requests go the long way.
        self._session: Any = getattr(getattr(client, "_endpoint", None), "http_session", None)
        self._likeness: _Likeness | None = None
        self._slot = _Slot()
        client.meta.events.register(f"before-sign.s3.{operation}", self._see)

    @contextmanager
    def learning(self, name: str) -> Iterator[None]:
        """Make others like the request that the SDK makes in the block, if that ends well.

        Args:
            name: The full name of the content that it is made for, in the bucket.
        """
        self._slot.is_open, self._slot.seen = True, None
        try:
            yield
            if self._slot.seen is not None and self._session is not None:
                self._likeness = _without(name, self._slot.seen)
        finally:
            self._slot.is_open, self._slot.seen = False, None

    def ask(
        self, name: str, headers: Mapping[str, str] | None = None, data: bytes = b""
    ) -> Mapping[str, Any] | None:
        """Return the answer to a request, or None where it has to go the long way.

        Args:
            name: The full name of the content in the bucket.
            headers: What the request's head has for this content alone.
            data: The request's body.

        Returns:
            Its `headers`, `status_code` and `body`, as the SDK has them before it takes them apart.
        """
        likeness = self._likeness
        if likeness is None:
            return None
        try:
            prepared = self._prepared(likeness, name, headers or {}, data)
        except BotoCoreError:
            return None
        self._requests.count()
        status, wish = 0, 0.0
        try:
            answer = self._session.send(prepared)
            response: dict[str, Any] = convert_to_response_dict(answer, self._model)
        except (BotoCoreError, HTTPError):
            pass  # Nobody answered, or not to the end.
        else:
            status, wish = answer.status_code, asked_for(answer.headers)
            if status == 200 and "ETag" in answer.headers:
                handle_checksum_body(answer, response, likeness.context, self._model)
                return response
            answer.raw.close()
        if self._likeness is likeness:
            self._likeness = None
        self._requests.repeat()
        _pause(status, wish)
        return None

    def _prepared(
        self, likeness: _Likeness, name: str, headers: Mapping[str, str], data: bytes
    ) -> Any:
        request = AWSRequest(
            likeness.method,
            likeness.url + _quoted(name),
            {**likeness.headers, **headers},
            data,
            stream_output=self._model.has_streaming_output,
        )
        request.context.update(likeness.context)
        likeness.sign(request)
        return request.prepare()

    def _see(
        self, request: AWSRequest, signature_version: Any, request_signer: Any, **_event: object
    ) -> None:
        if not self._slot.is_open or signature_version not in _SIGNED_ALIKE:
            return
        headers = {
            header: value
            for header, value in request.headers.items()
            if header.lower() not in self._own
        }
        if any(map(_NEVER_ALIKE.fullmatch, headers)):
            return

        def sign(request: AWSRequest) -> None:
            request_signer.sign(self._operation, request)

        context = {key: it for key, it in request.context.items() if key not in _OF_ONE_CALL}
        self._slot.seen = _Likeness(request.method, request.url, headers, context, sign)


def _without(name: str, seen: _Likeness) -> _Likeness | None:
    """Return a request without the name that it is made for; None if it does not end with that."""
    quoted = "/" + _quoted(name)
    if not seen.url.endswith(quoted):
        return None
    return replace(seen, url=seen.url[: 1 - len(quoted)])


def _quoted(name: str) -> str:
    return str(percent_encode(name, safe="/~"))


def _pause(status: int, wish: float) -> None:
    """Give a server that is busy, or a line that broke, some time before the next try."""
    if 0 < wish <= LONGEST:
        wait_as_asked(wish)
    # One who wants to be left alone for longer is asked once more, and its wish is told then.
    elif not wish and (not status or of_code(str(status)) is FAILING):
        back_off(1)
