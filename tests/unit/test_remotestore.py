"""A remote as a store of blobs: opening it, asking what it lacks, and what travels."""

import hashlib
import sys
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvclite.errors import (
    AccessDeniedError,
    BlobCorruptError,
    BlobMissingError,
    RemoteSetupError,
    RemoteUnavailableError,
    TreeError,
)
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, BlobRef, Oid, hash_bytes
from dvclite.progress import SILENT
from dvclite.remote import RemoteEntry
from dvclite.remote.requests import Requests
from dvclite.remotestore.loose.store import LooseStore
from dvclite.remotestore.named import Named
from dvclite.remotestore.opening import open_remote, scheme_of
from dvclite.remotestore.store import Landing, Source
from dvclite.testing.faults import Fault, FaultyRemote, Kind, Plan
from dvclite.testing.memory import MemoryRemote
from dvclite.tree import Entry

FORMAT = native(BLAKE3)


def oid(number):
    return Oid(hashlib.sha256(str(number).encode()).hexdigest())


class Holding:
    """A remote that holds blobs of given sizes, and nothing in them."""

    def __init__(self, sizes):
        self.url = "memory://remote"
        self._sizes = {FORMAT.loose_key(name): size for name, size in sizes.items()}
        self._keys = sorted(self._sizes)

    def stat(self, key):
        return self._sizes.get(key)

    def list(self, prefix):
        for place in range(bisect_left(self._keys, prefix), len(self._keys)):
            key = self._keys[place]
            if not key.startswith(prefix):
                return
            yield RemoteEntry(key, self._sizes[key])


@pytest.fixture
def remote():
    return FaultyRemote(MemoryRemote("memory://remote"))


@pytest.fixture
def store(remote):
    with LooseStore(remote, FORMAT, jobs=4) as store:
        yield store


@pytest.fixture
def put(remote, tmp_path):
    """Put bytes under the key of a blob, whether or not they are that blob."""

    def put(oid, data):
        source = tmp_path / "source"
        source.write_bytes(data)
        remote.put(FORMAT.loose_key(oid), source)

    return put


# What is missing


@pytest.mark.parametrize("count", [1, 10, 100, 1000])
def test_exactly_the_blobs_that_are_not_there_are_missing(count):
    held = {oid(number): number for number in range(0, count, 2)}
    store = LooseStore(Holding(held), FORMAT, jobs=2)

    missing = store.missing(BlobRef(oid(number), number) for number in range(count))

    assert missing == {oid(number): number for number in range(1, count, 2)}


@given(
    held=st.dictionaries(st.integers(0, 20), st.integers(0, 2)),
    wanted=st.lists(st.tuples(st.integers(0, 20), st.integers(-1, 2)), max_size=40),
    jobs=st.sampled_from([1, 2, 32]),
)
def test_however_the_remote_is_asked_the_answer_is_the_same(held, wanted, jobs):
    store = LooseStore(Holding({oid(name): size for name, size in held.items()}), FORMAT, jobs=jobs)
    sizes = dict(reversed([(name, size) for name, size in wanted if size >= 0]))

    missing = store.missing(BlobRef(oid(name), size) for name, size in wanted)

    assert missing.keys() == {
        oid(name)
        for name, _size in wanted
        if name not in held or sizes.get(name, held[name]) != held[name]
    }


def test_a_blob_of_another_size_is_missing(store, put):
    put(oid(1), b"four")

    assert store.missing([BlobRef(oid(1), 5)]) == {oid(1): 5}
    assert store.missing([BlobRef(oid(1), 4)]) == {}
    assert store.missing([BlobRef(oid(1), -1)]) == {}


def test_a_tree_that_is_there_says_nothing_about_what_it_names(store, put):
    tree = FORMAT.make_tree([Entry("a", oid(1), 1)])
    put(tree.oid, tree.data)

    assert store.missing([tree.ref, BlobRef(oid(1), 1)]) == {oid(1): 1}


def test_keys_that_are_no_blobs_are_passed_over(remote, store, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"")
    for key in ("files/blake3/00/odd", f"files/blake3/{oid(1)}", "readme", "packs/ab/cd"):
        remote.put(key, source)

    wanted = [BlobRef(oid(number), 0) for number in range(100)]

    assert len(store.missing(wanted)) == 100


def requests(held, wanted):
    """Return how often a remote is asked, by method, when every tenth blob is not there."""
    remote = FaultyRemote(Holding({oid(number): 1 for number in range(held) if number % 10}))
    store = LooseStore(remote, FORMAT, jobs=16)
    missing = store.missing(BlobRef(oid(number), 1) for number in range(wanted))
    assert missing.keys() == {
        oid(number) for number in range(wanted) if number >= held or number % 10 == 0
    }
    return dict(remote.traffic.calls)


def test_few_blobs_are_asked_for_one_by_one():
    assert requests(held=5000, wanted=20) == {"stat": 20}


def test_many_blobs_of_a_small_remote_are_found_by_listing_it_once():
    assert requests(held=0, wanted=5000) == {"list": 2}
    assert requests(held=2000, wanted=2000)["list"] <= 5


def test_a_large_remote_is_not_listed_for_some_hundred_blobs():
    calls = requests(held=300_000, wanted=200)

    assert calls["list"] == 2
    assert calls["stat"] <= 200


def test_a_large_remote_is_listed_by_folders_side_by_side():
    assert requests(held=60_000, wanted=60_000) == {"list": 256}


@pytest.mark.parametrize("method", ["stat", "list"])
@pytest.mark.parametrize("error", [RemoteUnavailableError, AccessDeniedError])
def test_a_remote_that_does_not_answer_is_an_error_and_not_an_empty_one(method, error):
    fault = Fault(Kind.FAIL, method, skip=1, error=error)
    held = {oid(number): 1 for number in range(10_000)}
    store = LooseStore(FaultyRemote(Holding(held), Plan((fault,))), FORMAT, jobs=4)
    count = 10 if method == "stat" else 10_000

    with pytest.raises(error):
        store.missing(BlobRef(oid(number), 1) for number in range(count))


# Trees


def test_a_tree_is_read_without_keeping_it(store, put):
    tree = FORMAT.make_tree([Entry("a", oid(1), 1)])
    put(tree.oid, tree.data)

    assert list(store.tree(tree.oid)) == [Entry("a", oid(1), 1)]


def test_a_damaged_tree_is_refused(store, put):
    tree = FORMAT.make_tree([Entry("a", oid(1), 1)])
    put(tree.oid, tree.data.replace(b'"size":1', b'"size":2'))

    with pytest.raises(BlobCorruptError):
        store.tree(tree.oid)


def test_an_absent_tree_is_an_error_that_names_the_remote(store):
    with pytest.raises(BlobMissingError) as caught:
        store.tree(Oid(oid(1) + ".dir"))

    assert caught.value.tried == ("memory://remote",)


def test_a_tree_that_vanishes_while_it_is_read_is_absent(remote, store, put):
    tree = FORMAT.make_tree([])
    put(tree.oid, tree.data)
    remote.plan = Plan((Fault(Kind.LIE, "read"),))

    with pytest.raises(BlobMissingError):
        store.tree(tree.oid)


def test_a_tree_of_absurd_size_is_not_read(remote, store, monkeypatch):
    monkeypatch.setattr(remote, "stat", lambda key: 5 << 30)

    with pytest.raises(TreeError, match="5,368,709,120 bytes"):
        store.tree(Oid(oid(1) + ".dir"))


# What travels


@pytest.fixture
def lend(tmp_path):
    """Lend one file for every blob; look at it again as `judge` does."""

    def lend(data, judge=lambda: None):
        source = tmp_path / "lent"
        source.write_bytes(data)

        @contextmanager
        def lending(name, moved):
            yield source, moved
            judge()

        return lending

    return lend


def test_what_was_lent_and_turned_out_corrupt_does_not_stay_on_the_remote(remote, store, lend):
    blob = Named("a", BlobRef(oid(1), 1))

    def judge():
        assert remote.stat(FORMAT.loose_key(oid(1))) == 1
        raise BlobCorruptError(oid(1), "cache")

    outcome = store.push([blob], Source(None, None, lend(b"x", judge), None, None), SILENT)

    assert not list(remote.list(""))
    assert [failure.item for failure in outcome.failures] == [blob]


def test_what_could_not_be_lent_leaves_the_remote_as_it_is(remote, store, put):
    put(oid(1), b"somebody else's")

    @contextmanager
    def lend(name, moved):
        raise BlobCorruptError(name, "cache")
        yield

    outcome = store.push(
        [Named("a", BlobRef(oid(1), 1))], Source(None, None, lend, None, None), SILENT
    )

    assert len(outcome.failures) == 1
    assert len(list(remote.list(""))) == 1


def landing(tmp_path, adopted):
    numbers = iter(range(1000))

    def adopt(partial, ref, source, hasher):
        data = Path(partial).read_bytes()
        Path(partial).unlink()
        if hash_bytes(data, BLAKE3) != ref.oid:
            raise BlobCorruptError(ref.oid, source)
        adopted[ref.oid] = data

    return only(new_path=lambda: str(tmp_path / f"partial{next(numbers)}"), adopt=adopt)


def only(**doors):
    """Return a landing with some doors; the others are not there."""
    return Landing(**dict.fromkeys(field.name for field in fields(Landing)) | doors)


def test_a_download_that_does_not_end_is_broken_off(tmp_path):
    class Endless(Holding):
        requests = Requests()

        def get(self, key, target, *, moved):
            for _ in range(10):
                with target.open("ab") as file:
                    file.write(bytes(1000))
                moved(1000)
            raise AssertionError("so much was never asked for")

    adopted = {}
    blob = Named("a", BlobRef(oid(1), 5000))

    outcome = LooseStore(Endless({}), FORMAT).fetch([blob], landing(tmp_path, adopted), SILENT)

    (failure,) = outcome.failures
    assert isinstance(failure.error, BlobCorruptError)
    assert not adopted
    assert not list(tmp_path.glob("partial*"))


def test_a_local_disk_that_fails_ends_the_fetch(store, put, tmp_path):
    blobs = []
    for number in range(100):
        data = str(number).encode()
        blobs.append(Named(str(number), BlobRef(hash_bytes(data, BLAKE3), len(data))))
        put(blobs[-1].ref.oid, data)

    def take(ref, data, source):
        (tmp_path / "absent" / "partial").write_bytes(data)

    outcome = store.fetch(blobs, only(take=take), SILENT)

    assert outcome.stopped
    assert len(outcome.failures) <= 4
    assert all(isinstance(failure.error, OSError) for failure in outcome.failures)


# Opening


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("/mnt/share/data", "file"),
        ("relative/folder", "file"),
        ("file:///mnt/share", "file"),
        ("C:\\data", "file"),
        ("C:/data", "file"),
        ("c://data", "file"),
        ("\\\\server\\share", "file"),
        ("S3://bucket", "s3"),
        ("s3://bucket/a://b", "s3"),
        ("git+ssh://host", "git+ssh"),
        ("folder/s3://odd", "file"),
    ],
)
def test_an_address_is_served_by_its_scheme_and_a_path_by_that_of_files(url, scheme):
    assert scheme_of(url) == scheme


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with entry points for remotes, and its one module."""

    def install(name, source, **schemes):
        site = tmp_path / name
        metadata = site / f"{name}-1.0.dist-info"
        metadata.mkdir(parents=True)
        (site / f"{name}.py").write_text(source)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        points = "\n".join(f"{scheme} = {value}" for scheme, value in schemes.items())
        (metadata / "entry_points.txt").write_text(f"[dvclite.remotes]\n{points}\n")
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, name, raising=False)

    return install


def refusal(url, options=None):
    with pytest.raises(RemoteSetupError) as caught:
        open_remote(url, options or {})
    return caught.value


def test_a_strangers_plugin_is_found_by_its_scheme(install):
    install(
        "strange_remote",
        "def open(url, options):\n    return ('opened', url, dict(options))\n",
        strange="strange_remote:open",
    )

    opened = open_remote("strange://place", {"speed": "high"})

    assert opened == ("opened", "strange://place", {"speed": "high"})


def test_a_path_is_a_remote(tmp_path, put_get):
    remote = open_remote(str(tmp_path / "remote"), {})

    assert put_get(remote) == b"content"
    remote.close()


@pytest.fixture
def put_get(tmp_path):
    def put_get(remote):
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(b"content")
        remote.put("a", source)
        remote.get("a", target)
        return target.read_bytes()

    return put_get


def test_an_unknown_scheme_is_answered_with_those_that_are_known():
    error = refusal("ftp://host/data")

    assert str(error) == "ftp://host/data: no installed plugin serves ftp://"
    assert "s3://" in error.hint
    assert "gs://" in error.hint
    assert "install a package that serves it" in error.hint


def test_a_plugin_that_cannot_be_loaded_is_named_with_its_package(install):
    install("broken_remote", "import nothing_of_that_name\n", broken="broken_remote:open")

    error = refusal("broken://place")

    assert "the plugin broken_remote:open of broken_remote cannot be loaded" in str(error)
    assert "ModuleNotFoundError" in str(error)
    assert "nothing_of_that_name" in str(error)
    assert isinstance(error.__cause__, ModuleNotFoundError)
    assert "pip install --force-reinstall broken_remote" in error.hint


def test_a_plugin_without_its_function_is_named(install):
    install("empty_remote", "", empty="empty_remote:open")

    assert "AttributeError" in str(refusal("empty://place"))


def test_two_packages_for_one_scheme_are_an_error_that_names_both(install):
    for name in ("one_remote", "two_remote"):
        install(name, "def open(url, options): ...\n", twice=f"{name}:open")

    error = refusal("twice://place")

    assert "one_remote: one_remote:open" in str(error)
    assert "two_remote: two_remote:open" in str(error)


def test_one_package_installed_in_two_places_is_one(install, tmp_path, monkeypatch):
    source = "def open(url, options):\n    return 'opened'\n"
    install("same_remote", source, same="same_remote:open")
    copy = tmp_path / "copy"
    (tmp_path / "same_remote").rename(copy)
    install("same_remote", source, same="same_remote:open")
    monkeypatch.syspath_prepend(str(copy))

    assert open_remote("same://place", {}) == "opened"


def test_a_login_in_an_address_is_not_shown():
    error = refusal("ftp://ada:secret@host/data")

    assert "secret" not in str(error) + error.hint + error.url
    assert "ftp://host/data" in str(error)
