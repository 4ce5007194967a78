"""Content on its way from a bucket."""

from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from typing import Any

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from dvclite.remote.requests import Requests
from dvclite.remote.waiting import back_off
from dvclite_s3.errors import BEYOND_END, code_of, expected
from dvclite_s3.shortcut import Shortcut

_READ_SIZE = 1 << 20
_TRIES = 4
"""How often in a row a connection may break without having brought anything."""

# From reading an answer's body. What breaks before it, the SDK has tried again already.
_BROKEN = (sdk.IncompleteReadError, sdk.HTTPClientError, sdk.ConnectionError)


def ask(client: Any, request: Mapping[str, Any], requests: Requests) -> Any:
    """Return the answer to a request for content.

    Args:
        client: The SDK's.
        request: Its arguments.
        requests: Is told of tries again.
    """
    tries = 0
    while True:
        try:
            return client.get_object(**request)
        except HTTPError:
            # What an error says is read by the SDK when it no longer tries again.
            tries += 1
            if tries >= _TRIES:
                raise
        _pause(tries, requests)


def receive(
    client: Any, request: Mapping[str, Any], requests: Requests, shortcut: Shortcut | None = None
) -> Iterator[bytes]:
    """Yield all that a name in a bucket holds, going on where a connection broke.

    Args:
        client: The SDK's.
        request: The arguments that say what to get.
        requests: Is told of tries again.
        shortcut: For requests that differ in nothing but the name.
    """
    position, tries = 0, 0
    answer = _ask_shortly(request["Key"], shortcut) if shortcut else None
    if answer is None:
        with shortcut.learning(request["Key"]) if shortcut else nullcontext():
            answer = _content(ask(client, request, requests))
    # What is there may be replaced at any time: never a piece of each.
    version = {"IfMatch": answer["ETag"]}
    while True:
        before = position
        try:
            with closing(answer["Body"]) as body:
                while data := body.read(_READ_SIZE):
                    position += len(data)
                    yield data
        except _BROKEN:
            tries = 1 if position > before else tries + 1
            if tries >= _TRIES:
                raise
            _pause(tries, requests)
            rest = {**request, **version, "Range": f"bytes={position}-"}
            answer = ask(client, rest, requests)
            if not _is_partial(answer):
                answer["Body"].close()
                raise  # The server knows no ranges.
        else:
            return


def receive_span(
    client: Any, request: Mapping[str, Any], offset: int, length: int, requests: Requests
) -> bytes:
    """Return up to `length` bytes from `offset` on, counted from the end if that is negative.

    Args:
        client: The SDK's.
        request: The arguments that say what to get from.
        offset: Where to begin.
        length: How many bytes at most; at least one.
        requests: Is told of tries again.
    """
    span = f"bytes={offset}-{offset + length - 1}" if offset >= 0 else f"bytes={offset}"
    tries = 0
    while True:
        try:
            answer = _content(ask(client, {**request, "Range": span}, requests))
        except sdk.ClientError as error:
            if code_of(error) in BEYOND_END:
                return b""
            raise
        try:
            with closing(answer["Body"]) as body:
                data = bytes(body.read())
        except _BROKEN:
            tries += 1
            if tries >= _TRIES:
                raise
            _pause(tries, requests)
        else:
            return data[:length] if _is_partial(answer) else data[offset:][:length]


def _ask_shortly(name: str, shortcut: Shortcut) -> Mapping[str, Any] | None:
    """Return an answer as the SDK would, or None."""
    response = shortcut.ask(name)
    if response is None:
        return None
    return {
        "ETag": response["headers"]["ETag"],
        "Body": response["body"],
        "ResponseMetadata": {"HTTPStatusCode": response["status_code"]},
    }


def _content(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an answer that has content of S3's; let go of the connection where it has not."""
    try:
        expected(answer, "ETag")
    except ResponseParserError:
        answer["Body"].close()
        raise
    return answer


def _is_partial(answer: Mapping[str, Any]) -> bool:
    return bool(answer["ResponseMetadata"]["HTTPStatusCode"] == 206)


def _pause(tries: int, requests: Requests) -> None:
    requests.repeat()
    back_off(tries)
