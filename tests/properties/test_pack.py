"""Laws of packs, whole, damaged, and made to deceive."""

import os
import struct
import tempfile
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from dvclite.compression import compress
from dvclite.errors import PackError
from dvclite.hashing import BLAKE3, MD5, XXH128, hash_bytes
from dvclite.pack.index import read_end, tail_length, write_end
from dvclite.pack.layout import BOUNDS, ENTRY_HEADER_SIZE, ENTRY_MAGIC, Codec, Kind, digest_of
from dvclite.pack.reader import PackFile
from dvclite.pack.salvage import salvage
from dvclite.pack.writer import PackWriter

algorithms = st.sampled_from([BLAKE3, XXH128, MD5])
contents = st.lists(
    st.tuples(
        st.sampled_from(Kind),
        st.one_of(
            st.binary(max_size=40),
            st.binary(min_size=1, max_size=9).map(lambda data: data * 50),
            st.binary(max_size=80).map(lambda data: ENTRY_MAGIC + data),
        ),
    ),
    max_size=6,
)


def named(kind, content, algorithm):
    if kind == Kind.CHUNK:
        return blake3(content).digest()
    return digest_of(hash_bytes(content, algorithm))


@contextmanager
def written(contents, algorithm):
    """A pack in a folder of its own, and its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        writer = PackWriter(Path(folder, "pack"), algorithm)
        for kind, content in contents:
            digest, squeezed = named(kind, content, algorithm), compress(content)
            if len(squeezed) < len(content):
                writer.add(kind, digest, squeezed, codec=Codec.ZSTD, size=len(content))
            else:
                writer.add(kind, digest, content)
        pack = writer.finish()
        yield pack, Path(pack.path).read_bytes()


@contextmanager
def opened(data, pack_id):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pack")
        path.write_bytes(data)
        with PackFile(path, pack_id) as file:
            yield file


def faults(file):
    """What a reader of the whole pack complains about."""
    try:
        return [entry for entry, _error in file.find_damage(file.entries())]
    except PackError as error:
        return [error]


def rescued(data, algorithm):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pack")
        path.write_bytes(data)
        return list(salvage(path, algorithm))


@given(contents, algorithms)
def test_what_was_put_in_comes_out_whichever_way_it_is_read(contents, algorithm):
    with written(contents, algorithm) as (pack, data), PackFile(pack.path, pack.id) as file:
        entries = file.entries()

        assert [(one.kind, file.content(one, algorithm)) for one in entries] == contents
        assert [one.digest for one in entries] == [named(*one, algorithm) for one in contents]
        assert not faults(file)
        needed = tail_length(data[-64:], pack.size, pack.id)
        assert list(read_end(data[-needed:], pack.size, pack.id)) == list(entries)
        assert list(pack.entries) == list(entries)
        assert [one for one, _stored in salvage(pack.path, algorithm)] == list(entries)


@given(contents, algorithms, st.data())
def test_every_cut_is_noticed_and_costs_only_what_is_cut_off(contents, algorithm, data):
    with written(contents, algorithm) as (pack, whole):
        cut = data.draw(st.integers(0, len(whole) - 1))
        with opened(whole[:cut], pack.id) as file:
            assert faults(file)

        left = [entry for entry in pack.entries if entry.end <= cut]

        assert rescued(whole[:cut], algorithm) == [
            (entry, whole[entry.offset : entry.end]) for entry in left
        ]


@given(contents, algorithms, st.data())
def test_every_flipped_bit_is_noticed_where_it_is_and_costs_one_entry(contents, algorithm, data):
    with written(contents, algorithm) as (pack, whole):
        place = data.draw(st.integers(0, len(whole) - 1))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
        hit = [
            entry for entry in pack.entries if entry.offset - ENTRY_HEADER_SIZE <= place < entry.end
        ]
        in_stored = [entry for entry in hit if place >= entry.offset]

        with opened(damaged, pack.id) as file:
            found = faults(file)

        assert found == hit if hit else len(found) == 1
        with_index = [entry for entry, _stored in rescued(damaged, algorithm)]
        assert with_index == [entry for entry in pack.entries if entry not in in_stored]
        without = [entry for entry, _stored in rescued(damaged[:-1], algorithm)]
        assert without == [entry for entry in pack.entries if entry not in hit]


@given(contents, algorithms, st.binary(min_size=1, max_size=200))
def test_anything_behind_a_pack_is_noticed(contents, algorithm, more):
    with written(contents, algorithm) as (pack, whole), opened(whole + more, pack.id) as file:
        assert faults(file)


@st.composite
def lies(draw):
    """Records of an index that say anything, close to what is sound or far from it."""
    number = st.one_of(
        st.integers(0, 300), st.sampled_from([1 << 20, (1 << 20) + 1, 1 << 26, (1 << 32) - 1])
    )
    records, expected = [], 80
    for _ in range(draw(st.integers(0, 4))):
        stored = draw(number)
        size = draw(st.one_of(st.just(stored), number))
        offset = draw(st.one_of(st.just(expected), st.just(expected), number))
        kind, codec = draw(st.integers(0, 6)), draw(st.integers(0, 2))
        zero = draw(st.sampled_from([0, 0, 0, 0, 1, 256]))
        digest = draw(st.sampled_from([b"d" * 16, b"d" * 32, b"d" * 17]))
        fields = (offset & 0xFFFFFFFF, kind, codec, zero, stored, size, digest, b"c" * 16)
        records.append(struct.pack("<IBBHII32s16s", *fields))
        expected = offset + stored + 64
    place = draw(st.one_of(st.just(max(expected - 64, 16)), number))
    return b"".join(records), place


@given(lies(), algorithms)
def test_a_pack_made_to_deceive_is_refused_or_sound(lie, algorithm):
    """Its name is right, since whoever makes a pack makes its name."""
    records, place = lie
    pack_id, trailer = write_end(records, place, algorithm)
    size = place + len(records) + len(trailer)

    try:
        entries = list(read_end(records + trailer, size, pack_id))
    except PackError:
        return

    position = 16
    for entry in entries:
        assert entry.offset == position + ENTRY_HEADER_SIZE
        assert entry.size <= BOUNDS[entry.kind]
        assert (
            entry.stored == entry.size if entry.codec == Codec.PLAIN else entry.stored < entry.size
        )
        assert len(entry.digest) == (32 if entry.kind == Kind.CHUNK or algorithm == BLAKE3 else 16)
        position = entry.end
    assert position == place


@given(st.binary(max_size=300), st.binary(max_size=64))
def test_any_bytes_are_the_end_of_a_pack_or_a_pack_error(data, more):
    for end in (data, data + os.urandom(8) + b"dvcpack\n", data + more + b"dvcpack\n"):
        try:
            entries = read_end(end, len(end), end[-64:][16:48].hex())
        except PackError:
            continue
        assert len(entries) <= len(end) // 64


@given(contents, algorithms, st.binary(max_size=300), st.data())
def test_salvage_yields_nothing_that_was_not_put_in(contents, algorithm, noise, data):
    with written(contents, algorithm) as (_pack, whole):
        begin = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(begin, len(whole)))
        mixed = whole[:begin] + noise + whole[end:]

        known = {(kind, named(kind, content, algorithm)) for kind, content in contents}
        found = {(entry.kind, entry.digest) for entry, _stored in rescued(mixed, algorithm)}

        assert found <= known
