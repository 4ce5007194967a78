"""Files that are sent in parts, several at once, for places that put parts together.

Whatever cuts such a put short, what has arrived is found by the next one, compared with what
would be sent, and not sent again.
"""

import base64
import hashlib
import re
import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from dvclite.remote import OnBytes, Spared
from dvclite.remote.body import Body, Stopped
from dvclite.remote.threads import Threads

_READ_SIZE = 1 << 20
_AT_ONCE = 8
_MOST = 10_000
_PATIENCE = 2.0
"""Seconds that parts on their way get to notice that they are no longer wanted."""


_ABANDONED = timedelta(days=7)

# Others may use the same place: only what is named by a hash is ours for sure.
_OURS = re.compile(r"(?:[^/]+/)*[0-9a-f]{2}/[0-9a-f]{30,64}(?:\.dir)?")


def is_abandoned(key: str, began: datetime, date: str | None) -> bool:
    """Say whether nobody will go on with an upload in parts, and it may be aborted.

    Args:
        key: What is put.
        began: When, by the place's own clock.
        date: The time there, as the header of an answer has it; None if it is not known.
    """
    try:
        now = parsedate_to_datetime(date or "")
    except ValueError:
        return False
    age = now.replace(tzinfo=now.tzinfo or UTC) - began.replace(tzinfo=began.tzinfo or UTC)
    return age > _ABANDONED and _OURS.fullmatch(key) is not None


class Arrived(NamedTuple):
    """A part that is there.

    Attributes:
        size: How many bytes it has.
        sums: What the server says of them: CRC-32 in base64, or MD5 in hex; empty if unknown.
        answer: What `Parted.put` returned, or would have.
    """

    size: int
    sums: tuple[str, str]
    answer: Any


@dataclass(frozen=True, slots=True)
class Upload:
    """A put in parts that has been begun.

    Attributes:
        id: How the place calls it; empty for none.
        parts: What has arrived of it, by number.
        is_findable: Whether another attempt can find it.
    """

    id: str = ""
    parts: Mapping[int, Arrived] = field(default_factory=dict)
    is_findable: bool = True


class OutdatedError(Exception):
    """What an earlier attempt has begun cannot be gone on with."""


class Parted(ABC):
    """What a place does to put one file in parts. Any errors leave the methods as they are."""

    @abstractmethod
    def find(self) -> Upload:
        """Return the upload that has come furthest, one without an id if there is none."""

    @abstractmethod
    def begin(self) -> str:
        """Begin an upload and return its id."""

    @abstractmethod
    def put(self, upload: str, number: int, body: Body) -> Any:
        """Send a part and return what `complete` wants of it. Runs in any thread."""

    @abstractmethod
    def complete(self, upload: Upload, answers: Sequence[Any]) -> None:
        """Make the parts one.

        Raises:
            OutdatedError: They do not make what they should, and have to be sent once more.
        """

    @abstractmethod
    def abort(self, upload: str) -> None:
        """Let what has arrived be deleted. Raises nothing."""

    @abstractmethod
    def is_outdated(self, error: BaseException) -> bool:
        """Say whether an error means that the upload has ended, or its parts make no whole."""

    @abstractmethod
    def is_kept(self, error: BaseException) -> bool:
        """Say whether after an error another attempt may go on with what has arrived."""


class Outgoing(NamedTuple):
    """A file to send.

    Attributes:
        source: The file.
        size: How many bytes it has.
        length: How many bytes each part has at least, but the last.
        moved: Is told what is sent, from any thread.
    """

    source: Path
    size: int
    length: int
    moved: OnBytes

    def spans(self) -> list[tuple[int, int]]:
        """Return where each part begins, and its size."""
        length = max(self.length, -(-self.size // _MOST))
        return [(at, min(length, self.size - at)) for at in range(0, self.size, length)]


class Parts:
    """Sends files in parts. Memory does not depend on their size: parts are read as sent."""

    def __init__(self, name: str) -> None:
        """Prepare threads called `name`, for all files together."""
        self._threads: Threads[Any] = Threads(_AT_ONCE, name)

    def send(self, place: Parted, file: Outgoing) -> None:
        """Put a file, going on with what an earlier attempt has begun."""
        upload = place.find()
        if upload.parts:
            with suppress(OutdatedError):
                self._send(place, file, upload)
                return
        fresh = Upload(place.begin(), is_findable=upload.is_findable)
        try:
            self._send(place, file, fresh)
        except OutdatedError as error:
            raise error.__cause__ or error from None

    def close(self) -> None:
        """End the threads."""
        self._threads.close()

    def _send(self, place: Parted, file: Outgoing, upload: Upload) -> None:
        stop, told = threading.Event(), _Told(file.moved)
        sent: list[Future[Any]] = []
        try:
            for number, (start, size) in enumerate(file.spans(), 1):
                open_body = partial(Body, file.source, start, size, told.count, stop)
                work = partial(_send_part, place, upload, number, open_body, told)
                sent.append(self._threads.submit(work))
            ended, _ = wait(sent, return_when=FIRST_EXCEPTION)
            for part in ended:
                part.result()  # Raises what ended it, without waiting for the others.
            place.complete(upload, [part.result() for part in sent])
        except BaseException as error:
            stop.set()
            _leave(place, upload, sent, error)
            if isinstance(error, OutdatedError) or place.is_outdated(error):
                told.take_back()
                raise OutdatedError from error
            raise


def _send_part(
    place: Parted, upload: Upload, number: int, open_body: partial[Body], told: "_Told"
) -> Any:
    with open_body() as body:
        try:
            there = upload.parts.get(number)
            if there is not None and _holds(there, body):
                told.count(Spared(len(body)))
                return there.answer
            return place.put(upload.id, number, body)
        except Stopped as stopped:
            raise stopped.cause from None


def _holds(part: Arrived, body: Body) -> bool:
    """Say whether a part that is there holds what `body` does, going by its checksum."""
    if part.size != len(body):
        return False
    crc, digest = 0, hashlib.md5(usedforsecurity=False)
    stated_crc, stated_md5 = part.sums
    while data := body.read(_READ_SIZE):
        if stated_crc:
            crc = zlib.crc32(data, crc)
        else:
            digest.update(data)
    body.seek(0)
    if stated_crc:
        return base64.b64encode(crc.to_bytes(4, "big")).decode() == stated_crc
    return digest.hexdigest() == stated_md5


def _leave(place: Parted, upload: Upload, sent: list[Future[Any]], error: BaseException) -> None:
    """Leave what has arrived for another attempt, or nothing where none could use it."""
    for part in sent:
        part.cancel()
    # A part that arrives after the end would stay there, unseen and paid for.
    wait(sent, timeout=_PATIENCE)
    has_some = bool(upload.parts) or any(
        part.done() and not part.cancelled() and part.exception() is None for part in sent
    )
    # What the line or whoever waits broke off is begun again; what the file broke off is not.
    is_kept = isinstance(error, KeyboardInterrupt) or place.is_kept(error)
    if not (has_some and upload.is_findable and is_kept) or place.is_outdated(error):
        place.abort(upload.id)


class _Told:
    """Remembers what was told of, so that all of it can be taken back."""

    def __init__(self, moved: OnBytes) -> None:
        self._moved = moved
        self._sum = 0
        self._lock = threading.Lock()

    def count(self, size: int) -> None:
        with self._lock:
            self._sum += size
        self._moved(size)

    def take_back(self) -> None:
        self._moved(-self._sum)
