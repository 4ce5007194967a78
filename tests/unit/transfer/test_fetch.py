"""From a remote into the cache: what comes, verified, and what is never let in."""

import errno
import os

import pytest

from dvclite.cache.leases import leased
from dvclite.errors import (
    AccessDeniedError,
    BlobCorruptError,
    BlobMissingError,
    FileAccessError,
    NotAnOutputError,
    RemoteUnavailableError,
    TransferError,
    TreeError,
)
from dvclite.files import changes, naming
from dvclite.hashing import BlobRef, Oid, hash_bytes
from dvclite.progress import SILENT
from dvclite.remote.requests import Requests
from dvclite.testing.faults import Fault, Kind, Plan
from dvclite.transfer import groups
from dvclite.transfer.fetch import fetch, fetchable
from dvclite.transfer.moved import Moved
from dvclite.transfer.wanted import Wanted

loose = pytest.mark.parametrize("layout", ["loose"])
"""For tests that know under which key a blob lies."""

FILES = {"a": b"one", "b/c": b"two", "b/d": b"three"}


def key(format, data):
    return format.loose_key(hash_bytes(data, format.algorithm))


@pytest.fixture(params=["near", "far"])
def way(request, remote):
    """How small blobs come from where they lie loose: what is asked of the remote."""
    if request.param == "near":
        return "read"
    remote.requests = Requests()
    return "get"


@pytest.fixture
def data(here, store):
    """A directory that was pushed."""
    data = here.add("data", FILES)
    here.push(store, data)
    return data


@pytest.fixture
def many(here, store):
    """A directory of a hundred files that was pushed."""
    many = here.add("many", {f"{number:03}": b"%d" % number for number in range(100)})
    here.push(store, many)
    return many


def test_a_directory_comes_whole(there, store, data):
    moved = there.fetch(store, data)

    assert there.files(data) == FILES
    tree = there.cache.tree(data.ref.oid)
    assert moved == Moved(files=3, size=11 + tree.ref.size, trees=1)


def test_a_file_comes(here, there, store):
    file = here.add_file("model.bin", b"weights")
    here.push(store, file)

    assert there.fetch(store, file) == Moved(files=1, size=7)
    assert there.cache.read(file.ref.oid) == b"weights"


def test_a_second_fetch_asks_the_remote_for_nothing(there, store, remote, data):
    there.fetch(store, data)
    remote.forget_traffic()

    assert there.fetch(store, data) == Moved()
    assert remote.traffic.requests == 0


@loose
def test_only_what_the_cache_lacks_comes(there, store, remote, way, data, format):
    there.fetch(store, data)
    there.lose(hash_bytes(b"two", format.algorithm))
    remote.forget_traffic()

    moved = there.fetch(store, data)

    assert moved == Moved(files=1, size=3)
    assert remote.traffic.calls == {way: 1}


@loose
def test_what_several_paths_share_comes_once(here, there, store, remote, way):
    one = here.add("one", {"a": b"same", "b": b"same"})
    two = here.add("two", {"x": b"same", "y": b"other"})
    here.push(store, one, two)
    remote.forget_traffic()

    moved = there.fetch(store, one, two, one)

    assert (moved.files, moved.trees) == (2, 2)
    assert remote.traffic.calls == {way: 4}


@loose
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("excess", [0, 1, 1000])
def test_a_blob_that_is_not_small_comes_like_others(here, there, store, excess):
    content = os.urandom((64 << 10) + excess)
    files = {"not small": content, "small": b"data"}
    data = here.add("data", files)
    here.push(store, data)

    moved = there.fetch(store, data)

    assert there.files(data) == files
    assert moved.size == len(content) + 4 + there.cache.tree(data.ref.oid).ref.size


def test_what_lies_in_the_trash_comes_from_there(there, store, remote, data, format):
    there.fetch(store, data)
    there.cache.loose.trash(hash_bytes(b"two", format.algorithm), "2026-01-01")
    remote.forget_traffic()

    there.fetch(store, data).check("fetched")

    assert remote.traffic.requests == 0
    assert there.files(data) == FILES


@loose
@pytest.mark.parametrize("kind", [Kind.CORRUPT, Kind.TRUNCATE])
def test_a_bad_blob_is_named_and_not_let_in_and_the_rest_comes(
    there, store, remote, way, data, format, failed, error_of, kind
):
    remote.plan = Plan((Fault(kind, way, key(format, b"two")),))

    moved = there.fetch(store, data)

    assert failed(moved) == {"data/b/c": BlobCorruptError}
    assert there.files(data) == {"a": b"one", "b/d": b"three"}
    assert not list((there.cache.root / "tmp").iterdir())
    error = error_of(moved, "fetched")
    assert isinstance(error, TransferError)
    assert "1 of 4 files could not be fetched:\n  data/b/c: corrupt blob" in str(error)
    assert "memory://remote" in str(error)


@loose
def test_a_truncated_blob_on_the_remote_is_not_let_in(
    there, store, overwrite, data, format, failed
):
    overwrite(key(format, b"three"), b"thr")

    assert failed(there.fetch(store, data)) == {"data/b/d": BlobCorruptError}


@loose
def test_what_is_not_on_the_remote_is_named_and_the_rest_comes(
    there, store, remote, data, format, failed, error_of
):
    remote.delete([key(format, b"two")])

    moved = there.fetch(store, data)

    assert failed(moved) == {"data/b/c": BlobMissingError}
    assert there.files(data) == {"a": b"one", "b/d": b"three"}
    error = error_of(moved, "fetched")
    assert isinstance(error, BlobMissingError)
    assert error.names == ("data/b/c",)
    assert error.tried == ("memory://remote",)


@loose
def test_another_remote_gives_what_the_first_could_not(
    here, there, store, remote, data, format, tmp_path
):
    remote.delete([key(format, b"two")])
    assert there.fetch(store, data).failures
    here.push(store, data)

    assert there.fetch(store, data) == Moved(files=1, size=3)


def test_a_tree_that_is_not_on_the_remote_is_named_by_its_directory(
    here, there, store, remote, data, failed, error_of
):
    file = here.add_file("model.bin", b"weights")
    here.push(store, file)
    nowhere = here.add("nowhere", {"x": b"x"})

    moved = there.fetch(store, data, nowhere, file)

    assert failed(moved) == {"nowhere": BlobMissingError}
    assert (moved.files, moved.trees) == (4, 1)
    assert error_of(moved, "fetched").tried == ("memory://remote",)


@loose
def test_a_corrupt_tree_on_the_remote_is_not_let_in(
    there, store, remote, way, data, format, failed
):
    remote.plan = Plan((Fault(Kind.CORRUPT, way, format.loose_key(data.ref.oid)),))

    moved = there.fetch(store, data)

    assert failed(moved) == {"data": BlobCorruptError}
    assert data.ref.oid not in there.cache


@loose
def test_a_tree_that_came_damaged_once_is_asked_for_again(there, store, remote, way, data, format):
    fault = Fault(Kind.CORRUPT, way, format.loose_key(data.ref.oid), times=1)
    remote.plan = Plan((fault,))

    there.fetch(store, data).check("fetched")

    assert there.files(data) == FILES


def test_a_tree_that_is_damaged_in_the_cache_is_fetched_again(there, store, data):
    there.fetch(store, data)
    there.damage(data.ref.oid, b"not a tree")

    assert there.fetch(store, data).trees == 1
    assert there.files(data) == FILES


@loose
def test_a_blob_that_calls_itself_a_tree_is_refused(there, store, overwrite, format, failed):
    lie = b'{"tree":1}\n{"path":"../../etc/passwd"}\n'
    oid = Oid(hash_bytes(lie, format.algorithm) + ".dir")
    overwrite(format.loose_key(oid), lie)

    moved = there.fetch(store, Wanted("data", BlobRef(oid, -1)))

    assert failed(moved) == {"data": TreeError}


@loose
def test_trees_of_many_versions_come_side_by_side(here, there, store, remote, way):
    versions = [here.add("data", {"a": b"%d" % number}) for number in range(8)]
    here.push(store, *versions)
    remote.forget_traffic()
    remote.plan = Plan(latency=0.1)

    there.fetch(store, *versions).check("fetched")

    assert remote.traffic.at_once > 1
    assert remote.traffic.calls == {way: 16}


# Parts of directories


@pytest.mark.parametrize(
    ("part", "expected"), [("b", {"b/c", "b/d"}), ("b/c", {"b/c"}), ("a", {"a"})]
)
def test_a_part_comes_alone(there, store, data, part, expected):
    there.fetch(store, data._replace(part=part)).check("fetched")

    assert there.files(data).keys() == expected


def test_a_part_that_is_not_in_the_tree_is_an_error(there, store, data, failed):
    assert failed(there.fetch(store, data._replace(part="x"))) == {"data/x": NotAnOutputError}


def test_a_part_that_is_here_already_is_no_error(there, store, data):
    there.fetch(store, data)

    assert there.fetch(store, data._replace(part="b")) == Moved()


# Faults


@loose
def test_the_same_fetch_again_completes_the_work(there, store, remote, way, many):
    remote.plan = Plan((Fault(Kind.BREAK, way, skip=20, times=3),))
    assert len(there.fetch(store, many).failures) == 3
    remote.forget_traffic()

    there.fetch(store, many).check("fetched")

    assert remote.traffic.calls == {way: 3}


@loose
def test_lost_access_stops_the_fetch_and_keeps_what_came(there, store, remote, way, many, error_of):
    remote.plan = Plan((Fault(Kind.FAIL, way, skip=21, error=AccessDeniedError),))

    moved = there.fetch(store, many)

    assert moved.files == len(there.files(many)) == 20
    assert moved.left + len(moved.failures) == 80
    assert "80 of 101 files could not be fetched" in str(error_of(moved, "fetched"))


@loose
def test_no_access_at_all_is_said_plainly(there, store, remote, way, many):
    remote.plan = Plan((Fault(Kind.FAIL, way, error=AccessDeniedError),))

    with pytest.raises(AccessDeniedError):
        there.fetch(store, many)


@loose
def test_a_remote_that_is_down_is_said_of_each_directory(there, store, remote, way, data, failed):
    remote.plan = Plan((Fault(Kind.FAIL, way),))

    assert failed(there.fetch(store, data)) == {"data": RemoteUnavailableError}


def test_a_fetch_that_is_interrupted_keeps_what_came(there, store, many):
    class Impatient:
        came = 0

        def start(self, label, **totals): ...
        def finish(self): ...

        def advance(self, *, files=0, size=0):
            self.came += files
            if self.came > 30:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        there.fetch(store, many, progress=Impatient())

    assert len(there.files(many)) >= 30
    assert not list((there.cache.root / "tmp").iterdir())
    assert there.fetch(store, many).files <= 70


@loose
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("step", ["create", "rename", "set_mode", "flush"])
def test_a_failing_disk_is_never_taken_for_success(
    there, store, remote, many, monkeypatch, error_of, code, step
):
    if step == "set_mode":
        remote.requests = Requests()  # What is near is made with its mode.

    def fail(*args, **options):
        raise OSError(code, os.strerror(code), "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(changes, step, fail)
        if step == "flush":
            patch.setattr(changes, "flush_filesystem", fail)
        with pytest.raises(FileAccessError) as caught:
            there.fetch(store, many)

    assert str(caught.value) == f"{there.cache.root}: the cache cannot be used: {os.strerror(code)}"
    assert "what arrived is kept" in caught.value.hint
    there.fetch(store, many).check("fetched")
    assert len(there.files(many)) == 100


@loose
def test_a_disk_that_fills_up_keeps_what_has_room(there, store, way, many, monkeypatch):
    step, before = ("create", 2) if way == "read" else ("set_mode", 1)  # The lease, and the tree.
    fine, change = iter(range(before + 30)), getattr(changes, step)

    def until_full(path, *args, **options):
        if next(fine, None) is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        return change(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(changes, step, until_full)
        with pytest.raises(FileAccessError, match="No space left"):
            there.fetch(store, many)

    assert len(there.files(many)) == 30
    assert there.fetch(store, many).files == 70


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder one may not write")
def test_a_cache_that_may_not_be_written_is_named(there, store, data):
    there.cache.root.mkdir(parents=True)
    there.cache.root.chmod(0o555)

    with pytest.raises(FileAccessError, match="Permission denied"):
        there.fetch(store, data)


def test_what_is_fetched_is_relied_on_until_the_lease_ends(there, store, data):
    with there.cache.lease() as lease:
        fetch(there.cache, store, [data], lease, SILENT)
        tree = there.cache.tree(data.ref.oid)
        assert leased(there.cache.root) == {tree.oid, *(entry.oid for entry in tree)}


def test_what_many_versions_share_is_written_down_once(here, there, store, monkeypatch):
    monkeypatch.setattr(groups, "_GROUP", 3)
    versions = [here.add("data", {"a": b"same", "b": b"%d" % number}) for number in range(20)]
    here.push(store, *versions)
    there.fetch(store, *versions)
    same = hash_bytes(b"same", here.format.algorithm)

    with there.cache.lease() as lease:
        fetch(there.cache, store, versions, lease, SILENT)
        (written,) = (there.cache.root / "leases").iterdir()
        assert written.read_text().split().count(same) == 1


# What would move, and how far it has come


def test_a_dry_fetch_tells_what_a_fetch_does_and_does_nothing(here, there, store, data):
    file = here.add_file("model.bin", b"weights")
    here.push(store, file)

    planned = fetchable(there.cache, store, [data, file], SILENT)

    assert not there.cache.root.exists()
    assert planned == there.fetch(store, data, file)
    assert fetchable(there.cache, store, [data, file], SILENT) == Moved()


@loose
def test_a_dry_fetch_names_what_is_nowhere(here, there, store, remote, data, format, failed):
    remote.delete([key(format, b"two")])
    nowhere = here.add("nowhere", {"x": b"x"})

    planned = fetchable(there.cache, store, [data, nowhere], SILENT)

    assert failed(planned) == {"data/b/c": BlobMissingError, "nowhere": BlobMissingError}
    assert (planned.files, planned.trees) == (2, 1)


def test_progress_ends_where_it_was_to_end(there, store, data, recorder):
    there.fetch(store, data, progress=recorder)

    assert recorder.works == [["Comparing", None, None, 0, 0], ["Fetching", 3, 11, 3, 11]]


@loose
@pytest.mark.parametrize("seconds", [0.0, 600.0])
def test_what_arrives_slowly_has_its_name_before_all_is_there(
    here, there, store, remote, monkeypatch, seconds
):
    """However little it is: a kill takes the work of some seconds, and no more."""
    monkeypatch.setattr(naming, "_LONGEST", seconds)
    remote.requests = Requests()
    data = here.add("data", {f"{number:02}": os.urandom(2000) for number in range(40)})
    here.push(store, data)
    held = []

    class Watching:
        def start(self, label, **totals): ...
        def finish(self): ...
        def advance(self, *, files=0, size=0):
            held.append(len(list((there.root / "cache/files").glob("*/??/*"))))

    there.fetch(store, data, progress=Watching())

    assert len(there.files(data)) == 40
    assert (max(held) > 20) == (seconds == 0.0)
