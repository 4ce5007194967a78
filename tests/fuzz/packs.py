"""Damages and forges packs, and sees that what is read from them is right or refused.

Damage leaves a pack its name, as a disk or a network does: all that is read then must be what was
put in. A forger gives it the name that it should have: what is read then must keep the bounds and
match its own names.
"""

import argparse
import os
import random
import struct
import tempfile
import time

from blake3 import blake3

from dvclite.compression import compress
from dvclite.errors import PackError
from dvclite.hashing import BLAKE3, MD5, XXH128, hash_bytes
from dvclite.pack.coding import decode
from dvclite.pack.index import tail_length
from dvclite.pack.layout import BOUNDS, ENTRY_MAGIC, MAGIC, Codec, Kind, digest_of
from dvclite.pack.reader import PackFile
from dvclite.pack.salvage import salvage
from dvclite.pack.writer import PackWriter

BOUNDARIES = [0, 1, 63, 64, 65, 0xFF, 1 << 16, 1 << 20, (1 << 20) + 1, 1 << 26, (1 << 32) - 1]


class Round:
    """One pack, made and mistreated from one seed."""

    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.path = os.path.join(folder, "pack")
        self.algorithm = self.random.choice([BLAKE3, XXH128, MD5])
        self.contents = {}
        self.id, self.data = self._make(os.path.join(folder, "whole"))

    def _make(self, path):
        writer = PackWriter(path, self.algorithm)
        for _ in range(self.random.randrange(8)):
            kind = self.random.choice(list(Kind))
            content = self._content()
            digest = self._digest(kind, content)
            squeezed = compress(content)
            if len(squeezed) < len(content) and self.random.random() < 0.7:
                writer.add(kind, digest, squeezed, codec=Codec.ZSTD, size=len(content))
            else:
                writer.add(kind, digest, content)
            self.contents[kind, digest] = content
        pack = writer.finish()
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        return pack.id, data

    def _content(self):
        content = self.random.randbytes(self.random.choice([0, 1, 20, 200, 3000]))
        match self.random.randrange(4):
            case 0:
                return content[:8] * 100
            case 1:
                return ENTRY_MAGIC + content
            case _:
                return content

    def _digest(self, kind, content):
        if kind == Kind.CHUNK:
            return blake3(content).digest()
        return digest_of(hash_bytes(content, self.algorithm))

    def run(self):
        """Mistreat the pack and read it."""
        damaged = self._mutated(self.data)
        self._write(damaged)
        self._read_damaged(damaged)
        self._salvage(strict=True)
        forged, pack_id = self._forged(damaged)
        self._write(forged)
        self._read_forged(pack_id)
        self._salvage(strict=False)

    def _write(self, data):
        with open(self.path, "r+b" if os.path.exists(self.path) else "xb") as file:
            file.write(data)
            file.truncate()

    def _mutated(self, data):
        data = bytearray(data)
        for _ in range(self.random.choice([1, 1, 1, 2, 3, 10])):
            place = self.random.randrange(len(data) + 1)
            length = self.random.choice([1, 2, 4, 8, 64, 100])
            match self.random.randrange(7):
                case 0 if place < len(data):
                    data[place] ^= 1 << self.random.randrange(8)
                case 1:
                    data[place : place + 4] = struct.pack("<I", self.random.choice(BOUNDARIES))
                case 2:
                    del data[place : place + length]
                case 3:
                    data[place:place] = self.random.randbytes(length)
                case 4:
                    other = self.random.randrange(len(data) + 1)
                    data[place:place] = data[other : other + length]
                case 5:
                    del data[place:]
                case _:
                    data[place : place + length] = bytes(length)
        return bytes(data)

    def _forged(self, data):
        """Give changed bytes a trailer and a name that fit, as far as that goes."""
        begin = self.random.randrange(0, max(len(data) - 64, 0) + 1)
        if self.random.random() < 0.8:
            (begin,) = struct.unpack("<Q", self.data[-64:-56])
        body = data[: max(begin, 16)].ljust(16, b"\0")
        count = len(data[begin : len(data) - 64]) // 64
        records = data[begin : begin + count * 64]
        tail = self.data[8:16]
        digest = blake3(MAGIC + tail + records).digest()
        trailer = struct.pack("<QI4x", len(body), count) + digest + tail + MAGIC
        return body + records + trailer, digest.hex()

    def _read_damaged(self, damaged):
        with PackFile(self.path, self.id) as pack:
            try:
                entries = pack.entries()
            except PackError:
                assert damaged != self.data, "a whole pack is refused"
                return
            bad = {entry for entry, _error in pack.find_damage(entries)}
            assert bad or damaged == self.data, "damage is not noticed"
            for entry in entries:
                content = self._content_of(pack, entry)
                assert (content is None) <= (entry in bad), "an entry is refused, but not found"
                if content is not None:
                    expected = self.contents[entry.kind, entry.digest]
                    assert content == expected, "what is read is not what was put in"

    def _read_forged(self, pack_id):
        with PackFile(self.path, pack_id) as pack:
            try:
                entries = pack.entries()
            except PackError:
                return
            position = 16
            for entry in entries:
                assert entry.offset == position + 64, "entries do not lie side by side"
                position = entry.end
                self._check(entry, self._content_of(pack, entry))
            end = pack.read(pack.size - 64, 64)
            assert position + tail_length(end, pack.size, pack_id) == pack.size

    def _content_of(self, pack, entry):
        try:
            return pack.content(entry, self.algorithm)
        except PackError:
            return None

    def _salvage(self, *, strict):
        for entry, stored in salvage(self.path, self.algorithm):
            content = decode(entry, stored, self.algorithm)
            self._check(entry, content)
            if strict:
                known = self.contents.get((entry.kind, entry.digest))
                assert content == known, "something was salvaged that was never put in"

    def _check(self, entry, content):
        assert entry.size <= BOUNDS[entry.kind], "an entry is out of bounds"
        if content is None:
            return
        assert len(content) == entry.size, "an entry has another length than it says"
        if entry.kind in {Kind.BLOB, Kind.TREE, Kind.CHUNK}:
            assert self._digest(entry.kind, content) == entry.digest, "a wrong name is let pass"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=1 << 62)
    parser.add_argument("--seed", type=int, default=time.time_ns() % (1 << 40))
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    seed = options.seed
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end and seed < options.seed + options.rounds:
            try:
                Round(seed, folder).run()
            except BaseException:
                print(f"failed; to see it again: --seed {seed} --rounds 1", flush=True)
                raise
            seed += 1
    print(f"{seed - options.seed:,} packs were mistreated, from seed {options.seed}")


if __name__ == "__main__":
    main()
