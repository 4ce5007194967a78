import errno
import os

import pytest
from blake3 import blake3

from dvclite.files import changes
from dvclite.hashing import BLAKE3, MD5, XXH128
from dvclite.pack.layout import (
    LARGEST,
    LARGEST_RECIPE,
    MOST_BYTES,
    MOST_ENTRIES,
    TARGET,
    Codec,
    Kind,
)
from dvclite.pack.reader import PackFile
from dvclite.pack.writer import PackWriter

DIGEST = bytes(range(32))


@pytest.mark.parametrize("algorithm", [BLAKE3, XXH128, MD5], ids=lambda one: one.name)
def test_a_pack_gives_back_what_was_put_into_it(make, contents, algorithm):
    pack = make(algorithm=algorithm)

    with PackFile(pack.path, pack.id) as file:
        entries = file.entries()
        found = [(entry.kind, file.content(entry, algorithm)) for entry in entries]

    assert found == contents
    assert list(entries) == list(pack.entries)
    assert entries.algorithm == algorithm
    assert os.stat(pack.path).st_size == pack.size


def test_a_pack_knows_its_size_before_it_is_finished(tmp_path):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    sizes = []
    for content in (b"a", b"bc" * 5000, b""):
        writer.add(Kind.BLOB, DIGEST, content)
        sizes.append(writer.size)

    pack = writer.finish()

    assert sizes[-1] == pack.size == os.stat(pack.path).st_size
    assert sizes == sorted(sizes)
    assert writer.count == len(pack.entries) == 3


def test_small_entries_are_written_together(tmp_path, monkeypatch):
    sizes = []
    write = changes.write
    monkeypatch.setattr(
        changes, "write", lambda fd, data: (sizes.append(len(data)), write(fd, data))
    )
    writer = PackWriter(tmp_path / "pack", BLAKE3)

    for _ in range(3000):
        writer.add(Kind.BLOB, DIGEST, bytes(1000))
    pack = writer.finish()

    assert len(sizes) <= pack.size // (1 << 20) + 1
    assert sum(sizes) == pack.size


@pytest.mark.parametrize("size", [0, 1, 1000, 70_000, LARGEST])
def test_memory_that_an_entry_came_from_can_be_used_again_at_once(tmp_path, size):
    memory = bytearray(size)
    writer = PackWriter(tmp_path / "pack", BLAKE3)

    for number in range(5):
        memory[:] = bytes([number]) * size
        writer.add(Kind.CHUNK, blake3(memory).digest(), memoryview(memory))
    pack = writer.finish()

    with PackFile(pack.path, pack.id) as file:
        contents = [file.content(entry, BLAKE3) for entry in file.entries()]
    assert contents == [bytes([number]) * size for number in range(5)]


def test_a_pack_is_full_at_its_target_size(tmp_path):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    data = bytes(LARGEST)

    while not writer.is_full:
        writer.add(Kind.CHUNK, DIGEST, data)

    assert writer.count == 64
    assert TARGET <= writer.finish().size < TARGET + LARGEST


@pytest.mark.parametrize(
    ("kind", "digest", "data", "options"),
    [
        (Kind.BLOB, DIGEST, bytes(LARGEST + 1), {}),
        (Kind.CHUNK, DIGEST, b"x", {"codec": Codec.ZSTD, "size": LARGEST + 1}),
        (Kind.BLOB_RECIPE, DIGEST, b"x", {"codec": Codec.ZSTD, "size": LARGEST_RECIPE + 1}),
        (Kind.BLOB, DIGEST[1:], b"x", {}),
        (Kind.BLOB, DIGEST + b"x", b"x", {}),
        (Kind.BLOB, DIGEST, b"x", {"size": 2}),
        (Kind.BLOB, DIGEST, b"xx", {"size": 2, "codec": Codec.ZSTD}),
        (Kind.BLOB, DIGEST, b"", {"codec": Codec.ZSTD}),
    ],
)
def test_what_a_reader_would_refuse_is_not_written(tmp_path, kind, digest, data, options):
    writer = PackWriter(tmp_path / "pack", BLAKE3)

    with pytest.raises(ValueError, match="bytes"):
        writer.add(kind, digest, data, **options)

    pack = writer.finish()
    assert len(pack.entries) == 0
    with PackFile(pack.path, pack.id) as file:
        assert len(file.entries()) == 0


def test_a_pack_cannot_grow_beyond_what_its_index_can_tell(tmp_path):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    room = MOST_BYTES - 128 - 1

    writer.size = room + 1
    with pytest.raises(ValueError, match="that large"):
        writer.add(Kind.BLOB, DIGEST, b"x")
    writer.size, writer.count = room, MOST_ENTRIES
    with pytest.raises(ValueError, match="that many"):
        writer.add(Kind.BLOB, DIGEST, b"x")
    assert writer.is_full
    writer.count -= 1
    assert writer.add(Kind.BLOB, DIGEST, b"x") == MOST_ENTRIES - 1
    writer.discard()


def test_a_pack_is_never_written_over_another_file(tmp_path):
    (tmp_path / "pack").write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        PackWriter(tmp_path / "pack", BLAKE3)

    assert (tmp_path / "pack").read_bytes() == b"mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows flushes only what may be changed")
def test_nobody_can_write_to_a_finished_pack(make):
    assert os.stat(make().path).st_mode & 0o222 == 0


def test_a_pack_that_is_given_up_leaves_nothing(tmp_path):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    writer.add(Kind.BLOB, DIGEST, b"x")

    writer.discard()
    writer.discard()

    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="finished"):
        writer.add(Kind.BLOB, DIGEST, b"x")


def test_a_finished_pack_is_neither_discarded_nor_added_to(tmp_path):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    pack = writer.finish()

    writer.discard()

    assert os.path.exists(pack.path)
    with pytest.raises(ValueError, match="finished"):
        writer.add(Kind.BLOB, DIGEST, b"x")
    with pytest.raises(ValueError, match="finished"):
        writer.finish()


def fail(fd, *data):
    raise OSError(errno.ENOSPC, "no room")


def test_a_pack_that_cannot_be_written_is_gone_at_once_and_cannot_be_finished(
    tmp_path, monkeypatch
):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    with monkeypatch.context() as patch:
        patch.setattr(changes, "write", fail)
        with pytest.raises(OSError, match="no room"):
            writer.add(Kind.BLOB, DIGEST, bytes(LARGEST))

    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="finished"):
        writer.add(Kind.BLOB, DIGEST, b"x")
    with pytest.raises(ValueError, match="finished"):
        writer.finish()
    writer.discard()


def test_a_pack_that_cannot_be_closed_is_discarded_as_any_other(tmp_path, monkeypatch):
    writer = PackWriter(tmp_path / "pack", BLAKE3)
    with monkeypatch.context() as patch:
        patch.setattr(changes, "close", fail)
        with pytest.raises(OSError, match="no room"):
            writer.finish()

    writer.discard()

    assert not list(tmp_path.iterdir())
