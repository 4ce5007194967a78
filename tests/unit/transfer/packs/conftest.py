"""A remote of packs, looked at from outside."""

import random
from contextlib import contextmanager

import pytest

from dvclite.errors import KeyMissingError, RemoteUnavailableError
from dvclite.hashing import BLAKE3
from dvclite.pack.catalogue import is_catalogue
from dvclite.pack.index import read_end
from dvclite.pack.layout import key_of, oid_of, pack_at
from dvclite.pack.writer import PackWriter
from dvclite.testing.faults import FaultyRemote, Kind
from dvclite.testing.memory import MemoryRemote

MIB = 1 << 20


class NearFaultyRemote(FaultyRemote):
    """One whose content can be read where it lies, and which misbehaves then as with `get`."""

    @contextmanager
    def reading(self, key):
        with self._call("get", key) as kind:
            if kind is Kind.LIE:
                raise KeyMissingError(self.url, key)
            data = bytearray(self._remote.read(key, 0, 1 << 32))
            self._move(received=len(data))
            if kind is Kind.CORRUPT:
                data[len(data) // 2] ^= 1
            if kind in {Kind.TRUNCATE, Kind.BREAK}:
                del data[len(data) // 2 :]

            def read(offset, memory):
                piece = data[offset : offset + len(memory)]
                if kind is Kind.BREAK and len(piece) < len(memory):
                    raise RemoteUnavailableError(self.url, "made to fail", key=key)
                memory[: len(piece)] = piece
                return len(piece)

            yield read


@pytest.fixture(params=["far", "near"])
def far_or_near(request):
    """A remote of either kind, for tests of what comes from one."""
    made = {"far": FaultyRemote, "near": NearFaultyRemote}[request.param]
    return made(MemoryRemote("memory://remote"))


@pytest.fixture
def layout():
    return "packs"


@pytest.fixture
def noise():
    """Return bytes that cannot be compressed, the same ones for the same seed."""

    def noise(seed, size):
        return random.Random(seed).randbytes(size)

    return noise


@pytest.fixture
def packs(remote):
    """Return the entries of all packs on the remote, by id."""

    def packs():
        found = {}
        for key, size in remote._remote.list(""):
            if is_catalogue(key):
                continue
            pack = pack_at(key)
            assert pack is not None, f"{key} does not belong there"
            found[pack] = read_end(remote._remote.read(key, 0, size), size, pack)
        return found

    return packs


@pytest.fixture
def holders(packs):
    """Return the packs that have an entry for a blob, and those entries."""

    def holders(oid):
        return [
            (pack, entry)
            for pack, entries in packs().items()
            for entry in entries
            if oid_of(entry) == oid
        ]

    return holders


@pytest.fixture
def flip(remote, overwrite):
    """Change one bit of a pack on the remote."""

    def flip(pack, offset):
        data = bytearray(remote._remote.read(key_of(pack), 0, 1 << 32))
        data[offset] ^= 1
        overwrite(key_of(pack), bytes(data))

    return flip


@pytest.fixture
def put_pack(remote, tmp_path):
    """Put a pack on the remote, made of entries as they are given; return its id."""

    def put_pack(*entries):
        path = tmp_path / f"pack{random.random()}"
        writer = PackWriter(path, BLAKE3)
        for entry in entries:
            writer.add(*entry[:3], **(entry[3] if len(entry) > 3 else {}))
        pack = writer.finish()
        remote._remote.put(key_of(pack.id), path)
        return pack.id

    return put_pack


@pytest.fixture
def small_packs(monkeypatch):
    """Let packs be complete at 1 MiB."""
    monkeypatch.setattr("dvclite.pack.writer.TARGET", MIB)
