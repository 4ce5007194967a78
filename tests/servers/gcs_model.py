"""What a Google Cloud Storage server knows: requests, answers, buckets and what they hold."""

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from crc32c import crc32c


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    caller: str
    """The account that asks, `allUsers` if it does not say."""
    is_cut: bool = False
    """Whether the connection broke before all of the body was there."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Thing:
    """What a name in a bucket holds. (Google says object.)"""

    name: str
    data: bytes
    content_type: str
    metadata: dict[str, str]
    encoding: str = ""
    generation: int = field(default_factory=time.time_ns)
    crc32c: str = ""
    md5: str = ""

    def __post_init__(self) -> None:
        self.crc32c = encoded(crc32c(self.data))
        self.md5 = base64.b64encode(hashlib.md5(self.data, usedforsecurity=False).digest()).decode()


@dataclass
class Bucket:
    name: str
    policy: list[dict[str, object]]
    things: dict[str, Thing] = field(default_factory=dict)


@dataclass
class Upload:
    """A resumable upload that is not finished, or just was."""

    bucket: str
    resource: dict[str, object]
    query: Mapping[str, str]
    caller: str
    announced: int | None
    data: bytearray = field(default_factory=bytearray)
    result: Thing | None = None


def encoded(checksum: int) -> str:
    return base64.b64encode(checksum.to_bytes(4, "big")).decode()


def as_json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        status,
        json.dumps(value).encode(),
        {"Content-Type": "application/json; charset=UTF-8", **(headers or {})},
    )


def resource(bucket: str, thing: Thing) -> dict[str, object]:
    value: dict[str, object] = {
        "kind": "storage#object",
        "id": f"{bucket}/{thing.name}/{thing.generation}",
        "name": thing.name,
        "bucket": bucket,
        "generation": str(thing.generation),
        "metageneration": "1",
        "contentType": thing.content_type,
        "size": str(len(thing.data)),
        "crc32c": thing.crc32c,
        "md5Hash": thing.md5,
    }
    if thing.metadata:
        value["metadata"] = thing.metadata
    return value
