"""An S3 bucket, or a prefix in one, as a remote."""

import secrets
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from dvclite.errors import KeyExistsError, KeyMissingError
from dvclite.files import changes
from dvclite.files.atomic import discard
from dvclite.remote import OnBytes, RemoteEntry, RemoteVersion, ignore_bytes
from dvclite.remote.address import Address
from dvclite.remote.ranges import offset_to_ask_for
from dvclite.remote.requests import Requests
from dvclite.remote.waiting import back_off
from dvclite_s3.client import Extras, connect
from dvclite_s3.errors import (
    BEYOND_END,
    CONDITION_FAILED,
    MISSING_KEY,
    code_of,
    expected,
    is_passing,
    not_deleted,
    translated,
)
from dvclite_s3.options import S3Options
from dvclite_s3.receiving import ask, receive, receive_span
from dvclite_s3.sending import MARK, PartSizes, Sender
from dvclite_s3.shortcut import Shortcut

_DELETED_AT_ONCE = 1000
_TRIES = 3

_NO_SUCH_VERSION = frozenset({"400", "404", "405", "NoSuchVersion", "InvalidArgument"})


def _of(version: str) -> dict[str, str]:
    """Return what makes a request ask for a version, and not for the newest."""
    return {"VersionId": version} if version else {}


class _Connection(NamedTuple):
    """What is made when a bucket is first needed."""

    client: Any
    sender: Sender
    shortcut: Shortcut


class S3Remote:
    """Bytes under keys in an S3 bucket.

    Attributes:
        url: The address, without secrets.
        requests: How many were made.
    """

    def __init__(self, address: Address, options: S3Options) -> None:
        self.url = address.url
        self.requests = Requests()
        self._address = address
        self._options = options
        self._extras = Extras.of(options)
        self._lock = threading.Lock()
        self._connected: _Connection | None = None
        self._has_bucket = False

    def stat(self, key: str) -> int | None:
        """Return the size of what `key` holds, in bytes, or None if it is absent."""
        request = {**self._place(key), **self._extras.content}
        with translated(self._address, "read", key):
            try:
                answer = self._client.head_object(**request)
                expected(answer, "ETag")
                return int(answer["ContentLength"])
            except ClientError as error:
                if code_of(error) in MISSING_KEY and self._has_bucket:
                    return None
            # An answer to HEAD has no body to tell a missing key from a missing bucket,
            # or expired credentials from any other bad request. GET tells.
            return self._stat_by_get(request)

    def _stat_by_get(self, request: dict[str, Any]) -> int | None:
        try:
            answer = ask(self._client, {**request, "Range": "bytes=0-0"}, self.requests)
        except ClientError as error:
            if code_of(error) in MISSING_KEY:
                self._has_bucket = True
                return None
            if code_of(error) in BEYOND_END:
                return 0
            raise
        answer["Body"].close()
        return int(answer.get("ContentRange", "").rpartition("/")[2] or answer["ContentLength"])

    def list(self, prefix: str) -> Iterator[RemoteEntry]:
        """Yield every key that begins with `prefix`, page by page."""
        begin = len(self._address.prefix)
        with translated(self._address, "list"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._address.bucket,
                Prefix=self._address.prefix + prefix,
                **self._extras.always,
            )
            for page in pages:
                expected(page, "IsTruncated")
                for found in page.get("Contents", ()):
                    # Browsers of buckets leave empty things called like folders.
                    if not found["Key"].endswith("/"):
                        yield RemoteEntry(found["Key"][begin:], found["Size"])

    def put(
        self, key: str, source: Path, *, if_absent: bool = False, moved: OnBytes = ignore_bytes
    ) -> None:
        """Store the content of the file `source` under `key`.

        Raises:
            KeyExistsError: `if_absent` was asked for and the key is there.
        """
        name = self._address.prefix + key
        with translated(self._address, "write", key):
            if if_absent:
                self._put_new(name, key, source, moved)
            else:
                self._connection().sender.send(name, source, moved)

    def _put_new(self, name: str, key: str, source: Path, moved: OnBytes) -> None:
        mark = secrets.token_hex(16)
        try:
            self._connection().sender.send(name, source, moved, mark=mark)
        except ClientError as error:
            if code_of(error) not in CONDITION_FAILED:
                raise
            # When an answer gets lost, the SDK's second try meets what the first one stored.
            if self._mark_of(key) != mark:
                raise KeyExistsError(self.url, key) from error

    def _mark_of(self, key: str) -> str:
        try:
            answer = self._client.head_object(**self._place(key), **self._extras.content)
        except ClientError:
            return ""
        return str(answer["Metadata"].get(MARK, ""))

    def get(self, key: str, target: Path, *, moved: OnBytes = ignore_bytes) -> None:
        """Write what `key` holds to the file `target`, made or replaced.

        Raises:
            KeyMissingError: The key is absent.
        """
        self.get_version(key, "", target, moved=moved)

    def stat_version(self, key: str, version: str) -> RemoteVersion | None:
        """Return what is known of a version, or of the newest one; None if it is absent."""
        request = {**self._place(key), **self._extras.content, **_of(version)}
        with translated(self._address, "read", key):
            try:
                answer = self._client.head_object(**request)
            except ClientError as error:
                if code_of(error) in MISSING_KEY:
                    return None
                if version and code_of(error) in _NO_SUCH_VERSION:
                    return None
                raise
            tag = str(answer["ETag"]).strip('"')
            found = str(answer.get("VersionId") or "")
            return RemoteVersion(
                int(answer["ContentLength"]), tag, "" if found == "null" else found
            )

    def get_version(
        self, key: str, version: str, target: Path, *, moved: OnBytes = ignore_bytes
    ) -> None:
        """Write what a version of `key` holds, or the newest one, to the file `target`.

        Raises:
            KeyMissingError: There is no such version.
        """
        request = {**self._place(key), **self._extras.content, **_of(version)}
        with translated(self._address, "read", key):
            discard(str(target))
            fd = changes.create(str(target))
            shortcut = None if version else self._connection().shortcut
            try:
                for data in receive(self._client, request, self.requests, shortcut):
                    changes.write(fd, data)
                    moved(len(data))
            except ClientError as error:
                if version and code_of(error) in _NO_SUCH_VERSION:
                    raise KeyMissingError(self.url, key) from error
                raise
            finally:
                changes.close(fd)

    def read(self, key: str, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset` on; fewer only where the content ends.

        Raises:
            KeyMissingError: The key is absent.
        """
        offset = offset_to_ask_for(self, key, offset, length)
        if length <= 0:
            return b""
        with translated(self._address, "read", key):
            request = {**self._place(key), **self._extras.content}
            return receive_span(self._client, request, offset, length, self.requests)

    def delete(self, keys: Iterable[str]) -> None:
        """Make every one of `keys` absent, a thousand a request."""
        names = (self._address.prefix + key for key in keys)
        with translated(self._address, "delete"):
            while batch := tuple(islice(names, _DELETED_AT_ONCE)):
                self._delete(batch)

    def _delete(self, names: tuple[str, ...]) -> None:
        for tries in range(1, _TRIES + 1):
            answer = self._client.delete_objects(
                Bucket=self._address.bucket,
                Delete={"Objects": [{"Key": name} for name in names], "Quiet": True},
                **self._extras.always,
            )
            refusals = [
                refusal
                for refusal in answer.get("Errors", ())
                if refusal.get("Code") not in MISSING_KEY
            ]
            if not refusals:
                return
            if tries == _TRIES or not all(is_passing(str(it.get("Code"))) for it in refusals):
                raise not_deleted(self._address, refusals)
            names = tuple(refusal["Key"] for refusal in refusals)
            self.requests.repeat()
            back_off(tries)

    def close(self) -> None:
        """Let go of connections. Closing twice is harmless."""
        with self._lock:
            connected, self._connected = self._connected, None
        if connected is not None:
            connected.sender.close()
            connected.client.close()

    def _place(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._address.bucket, "Key": self._address.prefix + key}

    @property
    def _client(self) -> Any:
        return self._connection().client

    def _connection(self) -> _Connection:
        with self._lock:
            if self._connected is None:
                client = connect(self._options, self.requests)
                sizes = PartSizes(
                    self._options.multipart_threshold, self._options.multipart_chunksize
                )
                sender = Sender(client, self._address, self._extras, sizes, self.requests)
                shortcut = Shortcut(client, "GetObject", self.requests)
                self._connected = _Connection(client, sender, shortcut)
            return self._connected
