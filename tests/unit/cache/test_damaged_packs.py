"""Damage in every region of a pack: never passed on, and what is whole is rescued."""

import errno

import pytest

from dvclite.errors import BlobCorruptError, BlobMissingError
from dvclite.files import changes
from dvclite.maintenance.collect import Needed, collect
from dvclite.pack.layout import ENTRY_HEADER_SIZE, RECORD_SIZE, TRAILER_SIZE, Kind, digest_of
from dvclite.pack.writer import PackWriter

CONTENTS = [b"first blob", b"the second one", b"and the last"]

REGIONS = [
    "first bytes",
    "header",
    "content",
    "index: offset",
    "index: length",
    "index: digest",
    "index: checksum",
    "trailer: offset",
    "trailer: id",
    "trailer: magic",
]
LOST = {"content"}


def place(region, entries, size):
    second = entries[1]
    index = size - TRAILER_SIZE - len(entries) * RECORD_SIZE
    record = index + RECORD_SIZE
    return {
        "first bytes": 2,
        "header": second.offset - ENTRY_HEADER_SIZE + 8,
        "content": second.offset,
        "index: offset": record,
        "index: length": record + 8,
        "index: digest": record + 20,
        "index: checksum": record + 50,
        "trailer: offset": index + len(entries) * RECORD_SIZE,
        "trailer: id": index + len(entries) * RECORD_SIZE + 20,
        "trailer: magic": size - 1,
    }[region]


@pytest.fixture(params=REGIONS)
def region(request):
    return request.param


@pytest.fixture(params=["known", "unknown", "shared"])
def how(request):
    """What is known of the pack before it is damaged."""
    return request.param


@pytest.fixture
def damaged(caches, region, how):
    """A cache with one pack that is damaged in one place; the second blob is hit, if any is."""
    caches.oids = caches.add(*CONTENTS)
    (pack,) = caches.packs().values()
    caches.damage(pack, place(region, caches.entries(pack), pack.stat().st_size))
    if how == "unknown":
        caches.index.unlink()
    caches.shared = how == "shared"
    caches.original = pack
    return caches


def opened(caches):
    return caches.open(shared=caches.shared)


def test_reading_passes_nothing_on_and_changes_nothing(damaged, region):
    before = sorted(path for path in damaged.root.rglob("*"))
    found = [damaged.content(oid, opened(damaged)) for oid in damaged.oids]

    for content, expected in zip(found, CONTENTS, strict=True):
        assert content in (expected, BlobMissingError, BlobCorruptError)
    if region == "content":
        assert found == [CONTENTS[0], BlobCorruptError, CONTENTS[2]]
    assert sorted(path for path in damaged.root.rglob("*")) == before


def test_checking_out_rescues_the_rest(damaged, region):
    cache = opened(damaged)
    found = {oid: damaged.laid_out(oid, cache) for oid in damaged.oids}
    again = [damaged.laid_out(oid, cache) for oid in damaged.oids]

    if region in LOST:
        assert again == [CONTENTS[0], BlobMissingError, CONTENTS[2]]
        assert found[damaged.oids[1]] is BlobCorruptError
        assert (damaged.root / "damaged" / damaged.original.name).exists()
        assert damaged.original not in damaged.packs().values()
    else:
        assert list(found.values()) == again == CONTENTS
    assert [damaged.content(oid) for oid in damaged.oids] == [
        CONTENTS[0],
        BlobMissingError if region in LOST else CONTENTS[1],
        CONTENTS[2],
    ]


def test_adding_again_relies_on_no_pack_whose_index_is_damaged(damaged, region, how):
    damaged.add(*CONTENTS, cache=opened(damaged))

    found = [damaged.content(oid) for oid in damaged.oids]
    if region in LOST and how != "shared":
        # As with a loose blob, only reading would tell; whoever does so next sets it aside.
        assert found == [CONTENTS[0], BlobCorruptError, CONTENTS[2]]
    else:
        assert found == CONTENTS


def test_adding_to_a_shared_cache_proves_what_is_there(caches):
    oids = caches.add(*CONTENTS)
    (pack,) = caches.packs().values()
    caches.damage(pack, caches.entries(pack)[1].offset)
    caches.add(*CONTENTS, cache=caches.open(shared=True))

    assert [caches.content(oid) for oid in oids] == CONTENTS


def test_collecting_leaves_damage_where_it_is_and_what_lives_alive(damaged, region):
    cache = opened(damaged)
    wanted = frozenset(damaged.oids[1:])
    collect(cache, lambda: Needed(wanted, lambda _refs: set()), days=0, now=True)

    cache = opened(damaged)
    found = [damaged.laid_out(oid, cache) for oid in damaged.oids[1:]]
    if region in LOST:
        assert found == [BlobCorruptError, CONTENTS[2]]
        assert damaged.laid_out(damaged.oids[0], cache) == CONTENTS[0]
    else:
        assert found == CONTENTS[1:]


def test_another_copy_is_used_instead(caches):
    oids = caches.add(*CONTENTS)
    (first,) = caches.packs()
    other = type(caches)
    (caches.root.parent / "other").mkdir()
    other = other(caches.root.parent / "other")
    other.add(*CONTENTS, b"one more")
    (source,) = other.packs().values()
    target = caches.root / "packs" / source.name[:2] / source.name
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(source.read_bytes())
    path = caches.packs()[first]
    caches.damage(path, caches.entries(path)[1].offset)
    caches.index.unlink()

    cache = caches.open()
    assert cache.absent(oids) == set()
    assert [caches.content(oid, cache) for oid in oids] == CONTENTS
    assert [caches.laid_out(oid, cache) for oid in oids] == CONTENTS


def test_a_loose_copy_is_used_instead(caches):
    oids = caches.add(*CONTENTS)
    (pack,) = caches.packs().values()
    caches.damage(pack, caches.entries(pack)[1].offset)
    caches.add(CONTENTS[1], cache=caches.open(largest_packed=0))

    assert [caches.content(oid) for oid in oids] == CONTENTS
    assert [caches.laid_out(oid) for oid in oids] == CONTENTS


def test_a_pack_that_lies_is_not_believed_where_others_write(caches):
    oid = caches.oid(b"what it should be")
    folder = caches.root / "packs"
    folder.mkdir(parents=True)
    writer = PackWriter(folder / "lie", caches.algorithm)
    writer.add(Kind.BLOB, digest_of(oid), b"what somebody made up")
    pack = writer.finish()
    (folder / pack.id[:2]).mkdir()
    (folder / "lie").rename(folder / pack.id[:2] / pack.id)

    assert caches.content(oid, caches.open(shared=True)) is BlobCorruptError
    assert caches.laid_out(oid, caches.open(shared=True)) is BlobCorruptError
    caches.add(b"what it should be", cache=caches.open(shared=True))
    assert caches.content(oid, caches.open(shared=True)) == b"what it should be"


def test_what_is_whole_is_read_where_the_cache_cannot_be_changed(caches, monkeypatch):
    oids = caches.add(*CONTENTS)
    (pack,) = caches.packs().values()
    caches.damage(pack, caches.entries(pack)[1].offset)

    def refuse(*_args, **_how):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(changes, "make_folder", refuse)
    cache = caches.open()
    assert [caches.laid_out(oid, cache) for oid in oids] == [
        CONTENTS[0],
        BlobCorruptError,
        CONTENTS[2],
    ]
    assert pack.exists()
