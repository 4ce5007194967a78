"""A Google Cloud Storage bucket, or a prefix in one, as a remote."""

import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RequestRangeNotSatisfiable,
    Unauthorized,
    from_http_response,
)
from google.api_core.retry import Retry
from google.cloud import storage

from dvclite.errors import KeyExistsError, KeyMissingError, RemoteError
from dvclite.remote import OnBytes, RemoteEntry, RemoteVersion, ignore_bytes
from dvclite.remote.address import Address
from dvclite.remote.meanings import others_left
from dvclite.remote.parts import Outgoing, Parts
from dvclite.remote.ranges import offset_to_ask_for
from dvclite.remote.requests import Requests
from dvclite.remote.waiting import back_off
from dvclite_gcs.client import TIMEOUT, Deletions, Patience, connect
from dvclite_gcs.errors import NotGoogleError, described, is_passing, translated
from dvclite_gcs.files import Source, Target
from dvclite_gcs.options import GCSOptions
from dvclite_gcs.sending import counted
from dvclite_gcs.uploads import Asking, Multipart, NoPartsError

_PIECE = 32 << 20
"""How many bytes of a large file are held in memory and sent at once."""

_IN_PARTS = 100 << 20
"""Files larger than this are sent in parts, several at once."""

_LARGE = 1 << 20
_LARGE_AT_ONCE = 4
"""How many files larger than `_LARGE` are sent at the same time: the SDK holds what it sends."""

_DELETED_AT_ONCE = 100
_TRIES = 3

_MARK = "dvclite-put"
"""The metadata in which a conditional put recognises what it stored itself."""


class GCSRemote:
    """Bytes under keys in a Google Cloud Storage bucket.

    Attributes:
        url: The address, without secrets.
        requests: How many were made.
    """

    def __init__(self, address: Address, options: GCSOptions) -> None:
        self.url = address.url
        self.requests = Requests()
        self._address = address
        self._options = options
        self._lock = threading.Lock()
        self._large = threading.BoundedSemaphore(_LARGE_AT_ONCE)
        self._connected: storage.Client | None = None
        self._has_bucket = False
        self._is_swept = False
        self._parts = Parts("dvclite-gcs-part")

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, in bytes, or None if it is absent."""
        with translated(self._address, "read", key):
            blob = self._bucket.get_blob(
                self._address.prefix + key, timeout=TIMEOUT, retry=self._retry()
            )
            if blob is None:
                self._expect_bucket()
                return None
            return int(blob.size)

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`, page by page."""
        begin = len(self._address.prefix)
        with translated(self._address, "list"):
            found = self._client.list_blobs(
                self._bucket,
                prefix=self._address.prefix + prefix,
                fields="items(name,size),nextPageToken",
                timeout=TIMEOUT,
                retry=self._retry(),
            )
            for blob in found:
                # Browsers of buckets leave empty things called like folders.
                if not blob.name.endswith("/"):
                    yield RemoteEntry(blob.name[begin:], int(blob.size))

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`.

        Raises:
            KeyExistsError: `if_absent` was asked for and the key is there.
        """
        mark = secrets.token_hex(16) if if_absent else ""
        with translated(self._address, "write", key):
            if not mark and self._send_in_parts(key, source, moved):
                return
            try:
                self._send(key, source, mark, moved)
            except PreconditionFailed as error:
                # When an answer gets lost, the SDK's second try meets what the first one stored.
                if self._mark_of(key) != mark:
                    raise KeyExistsError(self.url, key) from error

    def _send(self, key: str, source: Path, mark: str, moved: OnBytes) -> None:
        blob = self._bucket.blob(self._address.prefix + key, chunk_size=_PIECE)
        if mark:
            blob.metadata = {_MARK: mark}
        size = os.stat(source).st_size
        patience = Patience(self.requests)
        turn = self._large if size > _LARGE else nullcontext()
        with turn, counted(moved) as sending, Source(source, size, sending, patience) as stream:
            blob.upload_from_file(
                stream,
                size=size,
                content_type="application/octet-stream",
                checksum="crc32c",
                if_generation_match=0 if mark else None,
                timeout=TIMEOUT,
                retry=patience.retry(),
            )
            sending.go_on(0)

    def _send_in_parts(self, key: str, source: Path, moved: OnBytes) -> bool:
        """Put a large file so that another attempt can go on; say whether that was possible."""
        size = os.stat(source).st_size
        if size <= _IN_PARTS:
            return False
        client = self._client
        endpoint = client._connection.API_BASE_URL  # noqa: SLF001  what it sends requests to
        asking = Asking(client._http, endpoint, self._retry)  # noqa: SLF001
        place = Multipart(asking, self._address.bucket, self._address.prefix + key)
        if not self._is_swept:
            self._is_swept = True
            place.sweep(self._address.prefix)
        try:
            self._parts.send(place, Outgoing(source, size, _PIECE, moved))
        except NoPartsError:
            return False
        return True

    def _mark_of(self, key: str) -> str:
        try:
            blob = self._bucket.get_blob(
                self._address.prefix + key, timeout=TIMEOUT, retry=self._retry()
            )
        except (Forbidden, Unauthorized):
            return ""  # Who may only write sees nobody's mark, not even their own.
        return "" if blob is None else str((blob.metadata or {}).get(_MARK, ""))

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, made or replaced.

        Raises:
            KeyMissingError: The key is absent.
        """
        self.get_version(key, "", target, moved=moved)

    def stat_version(self, key: str, version: str) -> RemoteVersion | None:
        """Return what is known of a version, or of the newest one; None if it is absent."""
        if not _may_be(version):
            return None
        with translated(self._address, "read", key):
            blob = self._bucket.get_blob(
                self._address.prefix + key,
                generation=int(version) if version else None,
                timeout=TIMEOUT,
                retry=self._retry(),
            )
            if blob is None:
                self._expect_bucket()
                return None
            return RemoteVersion(int(blob.size), str(blob.etag or ""), str(blob.generation or ""))

    def get_version(
        self, key: str, version: str, target: Path, *, moved: OnBytes = ignore_bytes
    ) -> None:
        """Write what a version of `key` holds, or the newest one, to the file `target`.

        Raises:
            KeyMissingError: There is no such version.
        """
        if not _may_be(version):
            raise KeyMissingError(self.url, key)
        patience = Patience(self.requests)
        with translated(self._address, "read", key), Target(target, moved, patience) as stream:
            self._download(key, stream, patience, version=version, checksum="crc32c")
            stream.flush()

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; fewer only where the content ends.

        Raises:
            KeyMissingError: The key is absent.
        """
        offset = offset_to_ask_for(self, key, offset, length)
        if length <= 0:
            return b""
        end = offset + length - 1 if offset >= 0 else None
        stream = BytesIO()
        with translated(self._address, "read", key):
            try:
                self._download(key, stream, Patience(self.requests), start=offset, end=end)
            except RequestRangeNotSatisfiable:
                return b""
        return stream.getvalue()

    def _download(
        self, key: str, stream: Any, patience: Patience, *, version: str = "", **what: Any
    ) -> None:
        generation = int(version) if version else None
        blob = self._bucket.blob(self._address.prefix + key, generation=generation)
        try:
            blob.download_to_file(
                stream,
                raw_download=True,
                timeout=TIMEOUT,
                retry=patience.retry(),
                **{"checksum": None, **what},
            )
            if not blob.generation:
                raise NotGoogleError
        except NotFound as error:
            self._expect_bucket()
            raise KeyMissingError(self.url, key) from error

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent, a hundred a request."""
        names = (self._address.prefix + key for key in keys)
        with translated(self._address, "delete"):
            while batch := tuple(islice(names, _DELETED_AT_ONCE)):
                self._delete(batch)

    def _delete(self, names: Sequence[str]) -> None:
        for tries in range(1, _TRIES + 1):
            send = Patience(self.requests).retry()(
                partial(Deletions, self._client, self._bucket, names)
            )
            answers = send().answers
            if len(answers) != len(names):
                raise NotGoogleError
            refusals = [
                (name, from_http_response(answer))  # type: ignore[no-untyped-call]
                for name, answer in zip(names, answers, strict=True)
                if answer.status_code >= 300
            ]
            absent = [name for name, error in refusals if isinstance(error, NotFound)]
            if absent:
                self._expect_bucket()
            left = [refusal for refusal in refusals if refusal[0] not in absent]
            if not left:
                return
            if tries == _TRIES or not all(is_passing(error) for _, error in left):
                raise self._not_deleted(left)
            names = [name for name, _ in left]
            self.requests.repeat()
            back_off(tries)

    def _not_deleted(self, left: Sequence[tuple[str, GoogleAPICallError]]) -> RemoteError:
        name, error = left[0]
        also = others_left(len(left))
        key = name.removeprefix(self._address.prefix)
        return described(error, self._address, "delete", key, also=also)

    def _expect_bucket(self) -> None:
        """Return if what is missing can only be a key; raise what the SDK does for no bucket."""
        if not self._has_bucket:
            found = self._client.list_blobs(
                self._bucket, max_results=1, timeout=TIMEOUT, retry=self._retry()
            )
            # Who may not list may still put and get.
            with suppress(Forbidden, Unauthorized):
                next(iter(found), None)
            self._has_bucket = True

    def close(self) -> None:
        """Let go of connections. Closing twice is harmless."""
        with self._lock:
            client, self._connected = self._connected, None
        if client is not None:
            self._parts.close()
            client.close()

    def _retry(self) -> Retry:
        return Patience(self.requests).retry()

    @property
    def _bucket(self) -> storage.Bucket:
        return self._client.bucket(self._address.bucket)

    @property
    def _client(self) -> storage.Client:
        with self._lock:
            if self._connected is None:
                self._connected = connect(self._address, self._options, self.requests)
            return self._connected


def _may_be(version: str) -> bool:
    """Say whether a version may be there: they are numbers, and the newest has no name."""
    return not version or (version.isascii() and version.isdecimal())
