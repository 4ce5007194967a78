"""Writes packs as docs/formats/pack.md says, without dvclite, and packs that break what it says.

`python tests/formats/pack.py` makes docs/formats/pack-vectors.json anew.
"""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from pathlib import Path

from blake3 import blake3
from xxhash import xxh3_128

VECTORS = Path(__file__).parents[2] / "docs" / "formats" / "pack-vectors.json"

MAGIC = b"dvcpack\n"
ENTRY_MAGIC = bytes.fromhex("9a445645")
ALGORITHMS = {"blake3": 1, "xxh128": 2, "md5": 3}
HASHES = {
    "blake3": lambda data: blake3(data).digest(),
    "xxh128": lambda data: xxh3_128(data).digest(),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
}
BLOB, TREE, CHUNK, BLOB_RECIPE, TREE_RECIPE = 1, 2, 3, 4, 5
PLAIN, ZSTD = 0, 1

SQUEEZED = bytes.fromhex("28b52ffd20dc9500005873717565657a65206d652001004e53c50b")
"""A zstd frame, as one version of the library made it of `squeeze me ` twenty times."""


@dataclass
class Entry:
    """What stands in a header and in a record; anything may be a lie."""

    kind: int
    content: bytes
    codec: int = PLAIN
    data: bytes | None = None
    digest: bytes | None = None
    zero: int = 0
    stored: int | None = None
    size: int | None = None
    shift: int = 0


@dataclass
class Pack:
    """A pack that is written down; anything may be a lie."""

    entries: list[Entry] = field(default_factory=list)
    algorithm: str = "blake3"
    number: int | None = None
    version: int = 1
    zeros: bytes = bytes(6)
    between: bytes = b""
    after: bytes = b""
    count: int | None = None
    index_shift: int = 0
    trailer_zeros: bytes = bytes(4)

    def write(self):
        """Return the pack's id and its bytes."""
        number = ALGORITHMS[self.algorithm] if self.number is None else self.number
        tail = bytes([self.version, number]) + self.zeros
        header = MAGIC + tail
        body, index = header, b""
        for entry in self.entries:
            rest = self._rest(entry)
            body += ENTRY_MAGIC + rest
            index += struct.pack("<I", len(body) + entry.shift) + rest
            body += entry.content if entry.data is None else entry.data
        body += self.between
        digest = blake3(header + index).digest()
        count = len(self.entries) if self.count is None else self.count
        place = struct.pack("<QI", len(body) + self.index_shift, count) + self.trailer_zeros
        return digest.hex(), body + index + place + digest + tail + MAGIC + self.after

    def _rest(self, entry):
        data = entry.content if entry.data is None else entry.data
        name = "blake3" if entry.kind == CHUNK else self.algorithm
        digest = HASHES[name](entry.content) if entry.digest is None else entry.digest
        stored = len(data) if entry.stored is None else entry.stored
        size = len(entry.content) if entry.size is None else entry.size
        start = struct.pack("<BBHII", entry.kind, entry.codec, entry.zero, stored, size)
        start += digest.ljust(32, b"\0")
        return start + xxh3_128(start + data).digest()


HELLO = Entry(BLOB, b"hello\n")
WORLD = Entry(BLOB, b"world\n")


def everything(algorithm):
    """A pack with one entry of each kind, and each codec."""
    large = HASHES[algorithm](b"a large blob")
    return Pack(
        [
            Entry(BLOB, b""),
            HELLO,
            Entry(BLOB, b"squeeze me " * 20, ZSTD, SQUEEZED),
            Entry(TREE, b'{"tree":1}\n'),
            Entry(CHUNK, b"a piece of a large blob"),
            Entry(BLOB_RECIPE, b"how to make a large blob", digest=large),
            Entry(TREE_RECIPE, b"how to make a large tree", digest=large),
        ],
        algorithm,
    )


ACCEPTED = {
    "no entries": Pack(),
    "everything, blake3": everything("blake3"),
    "everything, xxh128": everything("xxh128"),
    "everything, md5": everything("md5"),
    "the same blob twice": Pack([HELLO, HELLO]),
}

REFUSED = {
    "a later version": Pack([HELLO], version=2),
    "version 0": Pack([HELLO], version=0),
    "an unknown algorithm": Pack([HELLO], number=4),
    "no algorithm": Pack([HELLO], number=0),
    "a header with something after it": Pack([HELLO], zeros=b"\0\0\0\0\0\1"),
    "a trailer with something in it": Pack([HELLO], trailer_zeros=b"\1\0\0\0"),
    "something after the trailer": Pack([HELLO], after=b"\0"),
    "something before the index": Pack([HELLO], between=b"\0"),
    "an index that begins elsewhere": Pack([HELLO], index_shift=-1),
    "fewer entries than records": Pack([HELLO, WORLD], count=1),
    "more entries than records": Pack([HELLO, WORLD], count=3),
    "far more entries than records": Pack([HELLO, WORLD], count=0xFFFFFFFF),
    "an unknown kind": Pack([Entry(6, b"x")]),
    "kind 0": Pack([Entry(0, b"x")]),
    "an unknown codec": Pack([Entry(BLOB, b"x" * 9, codec=2, data=b"x")]),
    "an entry with something between kind and lengths": Pack([Entry(BLOB, b"x", zero=256)]),
    "a digest that is too long": Pack([Entry(BLOB, b"x", digest=b"d" * 17)], "md5"),
    "an entry that overlaps the one before": Pack([HELLO, Entry(BLOB, b"world\n", shift=-1)]),
    "an entry that leaves a gap": Pack([HELLO, Entry(BLOB, b"world\n", shift=1)]),
    "a first entry inside the header": Pack([Entry(BLOB, b"x", shift=-80)]),
    "an entry that reaches into the index": Pack([Entry(BLOB, b"x", stored=99, size=99)]),
    "entries in another order": Pack(
        [Entry(BLOB, b"hello\n", shift=70), Entry(BLOB, b"world\n", shift=-70)]
    ),
    "a plain entry with two lengths": Pack([Entry(BLOB, b"x", size=2)]),
    "a compressed entry that is not smaller": Pack([Entry(BLOB, b"x", codec=ZSTD)]),
    "a blob that is too large": Pack(
        [Entry(BLOB, b"squeeze me " * 20, ZSTD, SQUEEZED, size=(1 << 20) + 1)]
    ),
    "a recipe that is too large": Pack(
        [Entry(BLOB_RECIPE, b"squeeze me " * 20, ZSTD, SQUEEZED, size=(64 << 20) + 1)]
    ),
}

WRONG = {
    "a blob under another's name": Pack([Entry(BLOB, b"hello\n", digest=bytes(32))]),
    "a tree under another's name": Pack([Entry(TREE, b"hello\n", digest=bytes(32))]),
    "a chunk under another's name": Pack([Entry(CHUNK, b"hello\n", digest=bytes(32))]),
    "something else than zstd": Pack([Entry(BLOB, b"x" * 9, ZSTD, b"x")]),
    "a frame that holds more": Pack(
        [Entry(BLOB_RECIPE, b"squeeze me " * 20, ZSTD, SQUEEZED, size=100)]
    ),
    "a frame that holds less": Pack(
        [Entry(BLOB_RECIPE, b"squeeze me " * 20, ZSTD, SQUEEZED, size=1000)]
    ),
    "a frame with something after it": Pack(
        [Entry(BLOB_RECIPE, b"squeeze me " * 20, ZSTD, SQUEEZED + b"x")]
    ),
    "half a frame": Pack([Entry(BLOB_RECIPE, b"squeeze me " * 20, ZSTD, SQUEEZED[:-4])]),
}


def vectors():
    """Return packs to be read and packs to be refused."""
    return {
        "accepted": [_described(name, pack) for name, pack in ACCEPTED.items()],
        "refused": [_written(name, pack) for name, pack in REFUSED.items()],
        "refused when the entry is read": [_written(name, pack) for name, pack in WRONG.items()],
    }


def _described(name, pack):
    written = _written(name, pack)
    offset = 16
    entries = []
    for entry in pack.entries:
        data = entry.content if entry.data is None else entry.data
        digest = entry.digest or HASHES["blake3" if entry.kind == CHUNK else pack.algorithm](
            entry.content
        )
        offset += 64
        entries.append(
            {
                "kind": entry.kind,
                "codec": entry.codec,
                "offset": offset,
                "stored": len(data),
                "size": len(entry.content),
                "digest": digest.hex(),
                "content": entry.content.decode(),
            }
        )
        offset += len(data)
    return {**written, "algorithm": pack.algorithm, "entries": entries}


def _written(name, pack):
    pack_id, data = pack.write()
    lines = [data[start : start + 64].hex() for start in range(0, len(data), 64)]
    return {"name": name, "id": pack_id, "size": len(data), "bytes": lines}


def text():
    """Return the vectors as they are written down."""
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    VECTORS.write_text(text(), encoding="utf-8", newline="\n")
