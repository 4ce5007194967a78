"""How content comes to a Google Cloud Storage server: bodies of two parts, chunks, checksums."""

import json
import re
from collections.abc import Mapping

from gcs_model import RefusedError, Request, Thing, Upload

GRAIN = 256 * 1024
"""What is kept of an interrupted upload is a multiple of this, and so is every chunk but the last."""


def content_range(request: Request) -> tuple[int | None, int | None]:
    """Return where a chunk begins (None asks for the state) and the whole size, where known."""
    text = request.headers.get("content-range")
    if text is None:
        return 0, len(request.body)
    match = re.fullmatch(r"bytes (?:\*|(\d+)-(\d+))/(?:\*|(\d+))", text)
    if match is None:
        raise RefusedError(400, "badRequest", "Failed to parse Content-Range header.")
    total = int(match[3]) if match[3] is not None else None
    if match[1] is None:
        return None, total
    first, last = int(match[1]), int(match[2])
    if not request.is_cut and last + 1 - first != len(request.body):
        raise RefusedError(400, "badRequest", "the Content-Range does not match the body")
    return first, total


def keep(upload: Upload, first: int, total: int | None, request: Request) -> None:
    """Add a chunk to what is there; bytes that are there already are not looked at again."""
    there = len(upload.data)
    if first > there:
        raise RefusedError(
            400,
            "badRequest",
            f"the upload offset is {first}, which exceeds already uploaded size of {there}",
        )
    end = first + len(request.body)
    if request.is_cut:
        end -= end % GRAIN
    elif end != total and len(request.body) % GRAIN:
        raise RefusedError(
            400, "badRequest", f"a chunk that is not the last must be a multiple of {GRAIN}"
        )
    if end > there:
        upload.data += request.body[there - first : end - first]


def parse_multipart(request: Request) -> tuple[dict[str, object], bytes, str]:
    """Return the description, the content and its type from a body of two parts."""
    match = re.fullmatch(
        r'multipart/related; boundary="?([^"]+)"?', request.headers["content-type"]
    )
    if match is None:
        raise RefusedError(400, "badContent", "multipart/related with a boundary is needed")
    mark = b"--" + match[1].encode()
    try:
        head, _, rest = request.body.partition(b"\r\n\r\n")
        described, _, rest = rest.partition(b"\r\n" + mark + b"\r\n")
        inner, _, rest = rest.partition(b"\r\n\r\n")
        data, _, end = rest.rpartition(b"\r\n" + mark + b"--")
        if not head.startswith(mark) or end.strip():
            raise ValueError("parts are not in their place")
        content_type = inner.decode().partition(":")[2].strip()
        return json.loads(described), data, content_type
    except ValueError as error:
        raise RefusedError(400, "badContent", f"malformed multipart body: {error}") from None


def check_sums(described: Mapping[str, object], header: str, thing: Thing) -> None:
    """Refuse content that is not what the client says it sent, before anybody can see it."""
    wanted = {"crc32c": described.get("crc32c"), "md5": described.get("md5Hash")}
    for item in filter(None, header.split(",")):
        kind, _, value = item.strip().partition("=")
        wanted[kind] = value
    for kind, name in (("crc32c", "CRC32C"), ("md5", "MD5 hash")):
        provided, calculated = wanted[kind], getattr(thing, kind)
        if provided not in {None, calculated}:
            raise RefusedError(
                400,
                "invalid",
                f'Provided {name} "{provided}" doesn\'t match calculated {name} "{calculated}".',
            )
