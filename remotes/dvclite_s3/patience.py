"""A server that asks to be left alone for a while is: the SDK looks at no such wish but AWS's own."""

import time
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError

from dvclite.remote.waiting import LONGEST, asked_for, wait_as_asked

_WISH = "dvclite-wish"


class AskedToWaitError(BotoCoreError):  # type: ignore[misc]  # it comes without types
    """A server asks to be left alone for longer than anybody wants to watch."""

    fmt = "{code}: the server asks to be left alone for {seconds} seconds"


class _Wish(NamedTuple):
    """For how many seconds a server asks to be left alone, since when, and what it calls that."""

    seconds: float
    since: float
    code: str


def be_patient(client: Any) -> None:
    """Let a client send nothing again before the server wants it."""
    client.meta.events.register_first("needs-retry.s3", _note)
    # Before the request is signed: a signature tells the time.
    client.meta.events.register_first("request-created.s3", _wait)


def _note(response: Any, request_dict: dict[str, Any], **_event: object) -> None:
    if response is None:
        return
    answer, parsed = response
    seconds = asked_for(answer.headers) if answer.status_code >= 400 else 0.0
    if seconds:
        code = str(parsed.get("Error", {}).get("Code", ""))
        request_dict["context"][_WISH] = _Wish(seconds, time.monotonic(), code)


def _wait(request: Any, **_event: object) -> None:
    """Wait, now that the request is really made again."""
    wish = request.context.pop(_WISH, None)
    if wish is None:
        return
    if wish.seconds > LONGEST:
        raise AskedToWaitError(code=wish.code, seconds=wish.seconds)
    wait_as_asked(wish.seconds, since=wish.since)
