"""Uploads in parts: begun, gone on with, completed, and cleared away where nobody wants them.

Google has them in its XML API alone, where no conditions hold. The SDK's own way to send parts
can neither go on with an upload nor tell how far it is.
"""

import base64
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import google_crc32c
from google.api_core.exceptions import GoogleAPICallError, from_http_response
from google.api_core.retry import Retry

from dvclite.remote.body import Body
from dvclite.remote.parts import Arrived, Parted, Upload, is_abandoned
from dvclite_gcs.client import TIMEOUT
from dvclite_gcs.errors import FOREIGN, NotGoogleError, reason_of

_READ_SIZE = 1 << 20
_LARGEST_ANSWER = 16 << 20

_NOT_TO_GO_ON = frozenset({"EntityTooSmall", "InvalidPart", "InvalidPartOrder", "NoSuchUpload"})
"""How the server says that an upload has ended meanwhile, or that its parts do not make a whole."""


class NoPartsError(Exception):
    """Uploads in parts are not to be had: not with these credentials, or not from this server."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask for something in the XML API.

    Attributes:
        session: Sends requests with credentials.
        endpoint: The server's address.
        retry: Returns how often to try.
    """

    session: Any
    endpoint: str
    retry: Callable[[], Retry]

    def ask(self, method: str, path: str, query: str, data: Body | bytes = b"") -> Any:
        """Send a request and return the answer.

        Raises:
            GoogleAPICallError: It is an error.
        """
        url = f"{self.endpoint}/{quote(path, safe='/')}?{query}"
        headers = {"Content-Type": "application/octet-stream"}
        if isinstance(data, Body):
            headers["x-goog-hash"] = f"crc32c={_checksum(data)}"

        def once() -> Any:
            if isinstance(data, Body):
                data.seek(0)
                data.begin()
            answer = self.session.request(method, url, data=data, headers=headers, timeout=TIMEOUT)
            if answer.status_code >= 300:
                raise from_http_response(answer)  # type: ignore[no-untyped-call]
            return answer

        return self.retry()(once)()

    def listed(self, bucket: str, prefix: str) -> Iterator[tuple[str, str, bool]]:
        """Yield name and id of the uploads below `prefix`, and whether nobody wants them."""
        answer = self.ask("GET", bucket, f"uploads&prefix={quote(prefix, safe='')}")
        date = answer.headers.get("Date")
        for found in _parsed(answer, "ListMultipartUploadsResult").iter():
            if _tag(found) == "Upload":
                facts = _facts(found)
                began = datetime.fromisoformat(facts["Initiated"])
                is_over = is_abandoned(facts["Key"].removeprefix(prefix), began, date)
                yield facts["Key"], facts["UploadId"], is_over


@dataclass(frozen=True, slots=True)
class Multipart(Parted):
    """One name in a bucket, as it is put in parts.

    Attributes:
        asking: How to ask for something.
        bucket: The bucket.
        name: The name.
    """

    asking: Asking
    bucket: str
    name: str

    def find(self) -> Upload:
        """Return the upload that has come furthest."""
        best = Upload()
        try:
            for name, upload, _is_over in self.asking.listed(self.bucket, self.name):
                if name == self.name:
                    parts = dict(self._arrived(upload))
                    if len(parts) > len(best.parts):
                        best = Upload(upload, parts)
        except (*FOREIGN, KeyError, ValueError):
            return Upload(is_findable=False)
        return best

    def begin(self) -> str:
        """Begin an upload and return its id.

        Raises:
            NoPartsError: It cannot be.
        """
        try:
            answer = self._ask("POST", "uploads")
            return _facts(_parsed(answer, "InitiateMultipartUploadResult"))["UploadId"]
        except GoogleAPICallError as error:
            if error.code is not None and 400 <= error.code < 500 and error.code != 401:
                raise NoPartsError from error
            raise
        except (NotGoogleError, KeyError) as error:
            raise NoPartsError from error

    def put(self, upload: str, number: int, body: Body) -> tuple[int, str]:
        """Send a part and return its number and tag."""
        answer = self._ask("PUT", f"partNumber={number}&uploadId={quote(upload)}", body)
        if "ETag" not in answer.headers:
            raise NotGoogleError
        return number, answer.headers["ETag"]

    def complete(self, upload: Upload, answers: Sequence[tuple[int, str]]) -> None:
        """Make the parts one."""
        root = ET.Element("CompleteMultipartUpload")
        for number, tag in answers:
            part = ET.SubElement(root, "Part")
            ET.SubElement(part, "PartNumber").text = str(number)
            ET.SubElement(part, "ETag").text = tag
        answer = self._ask("POST", f"uploadId={quote(upload.id)}", ET.tostring(root))
        _parsed(answer, "CompleteMultipartUploadResult")

    def abort(self, upload: str) -> None:
        """Let what has arrived be deleted. What cannot be aborted stays for `sweep`."""
        with suppress(*FOREIGN):
            self._ask("DELETE", f"uploadId={quote(upload)}")

    def is_outdated(self, error: BaseException) -> bool:
        """Say whether the upload has ended, or its parts make no whole."""
        return isinstance(error, GoogleAPICallError) and reason_of(error) in _NOT_TO_GO_ON

    def is_kept(self, error: BaseException) -> bool:
        """Say whether it was the line or the server that failed."""
        return isinstance(error, FOREIGN)

    def sweep(self, prefix: str) -> None:
        """Abort what nobody has gone on with for a week below `prefix`, but for this name."""
        with suppress(*FOREIGN, KeyError, ValueError):
            for name, upload, is_over in list(self.asking.listed(self.bucket, prefix)):
                if is_over and name != self.name:
                    Multipart(self.asking, self.bucket, name).abort(upload)

    def _arrived(self, upload: str) -> Iterator[tuple[int, Arrived]]:
        after = "0"
        while after:
            query = f"uploadId={quote(upload)}&part-number-marker={after}"
            root = _parsed(self._ask("GET", query), "ListPartsResult")
            for found in root.iter():
                if _tag(found) == "Part":
                    facts = _facts(found)
                    number, tag = int(facts["PartNumber"]), facts["ETag"]
                    sums = "", tag.strip('"')
                    yield number, Arrived(int(facts["Size"]), sums, (number, tag))
            after = _facts(root).get("NextPartNumberMarker", "")

    def _ask(self, method: str, query: str, data: Body | bytes = b"") -> Any:
        return self.asking.ask(method, f"{self.bucket}/{self.name}", query, data)


def _checksum(body: Body) -> str:
    checksum = 0
    while data := body.read(_READ_SIZE):
        checksum = google_crc32c.extend(checksum, data)
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def _parsed(answer: Any, root: str) -> ET.Element:
    """Return what an answer says.

    Raises:
        NotGoogleError: It is something else.
    """
    text = answer.content
    # Entities are of no use here, and can make much of little.
    if len(text) > _LARGEST_ANSWER or b"<!" in text:
        raise NotGoogleError
    try:
        element = ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise NotGoogleError from error
    if _tag(element) != root:
        raise NotGoogleError
    return element


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _facts(element: ET.Element) -> dict[str, str]:
    return {_tag(child): child.text or "" for child in element}
