"""A shorter way for requests that are made ten thousand times, each for another key.

For one of them the SDK works out where its server is and how to speak to it, and tells two dozen
listeners: four times the work of signing it and sending it. So the SDK makes the first one, and others
are made like it, signed and sent by the same parts of the SDK. Whatever is not answered as it should be
goes the long way then, which knows what to do about it.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.utils import percent_encode
from urllib3.exceptions import HTTPError

from dvclite.remote.requests import Requests
from dvclite.remote.waiting import LONGEST, asked_for, wait_as_asked

_SIGNED_ALIKE = ("s3v4", UNSIGNED)
"""Other signatures depend on more than the request."""

_OF_EACH = frozenset({"amz-sdk-invocation-id", "amz-sdk-request", "content-length"})
"""Names of headers that no two requests share, in lower case."""


@dataclass(frozen=True, slots=True)
class _Likeness:
    """What requests of one kind have in common.

    Attributes:
        method: The HTTP method.
        url: All of the address but the name of the content, quoted.
        headers: What stands in the head before it is signed.
        context: What the SDK's signers want to know besides.
        signer: Signs a request of that kind.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    context: Mapping[str, Any]
    signer: Callable[[AWSRequest], None]


class Shortcut:
    """Makes requests of one kind like the one that the SDK has made last. Safe from many threads."""

    def __init__(
        self, client: Any, operation: str, requests: Requests, *, own: Collection[str] = ()
    ) -> None:
        """Watch a client.

        Args:
            client: The SDK's.
            operation: What kind of request, by the SDK's name for it.
            requests: Is told of those that are made here.
            own: Names of headers that belong to one content, in lower case.
        """
        self._operation = operation
        self._own = _OF_EACH.union(own)
        self._requests = requests
        # Where the SDK has moved it, all requests go the long way.
        self._session: Any = getattr(getattr(client, "_endpoint", None), "http_session", None)
        self._likeness: _Likeness | None = None
        self._seen = threading.local()
        client.meta.events.register(f"before-sign.s3.{operation}", self._see)

    def learn(self, name: str) -> None:
        """Make others like the request that the SDK has just made, which was answered well.

        Args:
            name: The full name of the content that it was made for, in the bucket.
        """
        seen: _Likeness | None = getattr(self._seen, "likeness", None)
        self._seen.likeness = None
        quoted = "/" + _quoted(name)
        if seen is not None and self._session is not None and seen.url.endswith(quoted):
            url = seen.url[: 1 - len(quoted)]
            self._likeness = _Likeness(seen.method, url, seen.headers, seen.context, seen.signer)

    def ask(
        self, name: str, headers: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> Any | None:
        """Return the answer to a request, or None where it has to go the long way.

        Args:
            name: The full name of the content in the bucket.
            headers: What the request's head has for this content alone.
            data: The request's body, if it has one; the answer's is left to be read if not.
        """
        likeness = self._likeness
        if likeness is None:
            return None
        request = AWSRequest(
            likeness.method,
            likeness.url + _quoted(name),
            {**likeness.headers, **(headers or {})},
            data,
            stream_output=data is None,
        )
        request.context.update(likeness.context)
        try:
            likeness.signer(request)
            prepared = request.prepare()
            self._requests.count()
            answer = self._session.send(prepared)
        except (BotoCoreError, HTTPError):
            wish = 0.0
        else:
            if answer.status_code == 200 and "ETag" in answer.headers:
                return answer
            wish = asked_for(answer.headers)
            answer.raw.close()
        self._likeness = None
        self._requests.repeat()
        # One who wants to be left alone for longer is asked once more, and its wish is told then.
        if 0 < wish <= LONGEST:
            wait_as_asked(wish)
        return None

    def _see(
        self, request: AWSRequest, signature_version: Any, request_signer: Any, **_event: object
    ) -> None:
        if self._likeness is not None or signature_version not in _SIGNED_ALIKE:
            return

        def sign(request: AWSRequest) -> None:
            request_signer.sign(self._operation, request)

        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in self._own
        }
        self._seen.likeness = _Likeness(
            request.method, request.url, headers, dict(request.context), sign
        )


def _quoted(name: str) -> str:
    return str(percent_encode(name, safe="/~"))
