"""From the cache to a remote: what goes, in which order, and what never does."""

import os

import pytest

from dvclite.errors import (
    AccessDeniedError,
    BlobCorruptError,
    BlobMissingError,
    NotAnOutputError,
    RemoteUnavailableError,
    TransferError,
)
from dvclite.hashing import BlobRef, hash_bytes
from dvclite.progress import SILENT
from dvclite.testing.faults import Fault, Kind, Plan
from dvclite.transfer.moved import Moved
from dvclite.transfer.push import pushable
from dvclite.transfer.wanted import Wanted

loose = pytest.mark.parametrize("layout", ["loose"])
"""For tests that know under which key a blob lies."""

FILES = {"a": b"one", "b/c": b"two", "b/d": b"three"}


def key(format, data):
    return format.loose_key(hash_bytes(data, format.algorithm))


@loose
def test_a_directory_arrives_with_all_its_files_and_its_tree(here, store, keys, format):
    data = here.add("data", FILES)

    moved = here.push(store, data)

    assert keys() == {
        format.loose_key(data.ref.oid),
        *(key(format, content) for content in FILES.values()),
    }
    tree = here.cache.tree(data.ref.oid)
    assert moved == Moved(files=3, size=11 + tree.ref.size, trees=1)
    moved.check("pushed")


@loose
def test_a_file_arrives(here, store, keys, format):
    moved = here.push(store, here.add_file("model.bin", b"weights"))

    assert keys() == {key(format, b"weights")}
    assert moved == Moved(files=1, size=7)


@loose
def test_what_several_paths_and_outputs_share_goes_once(here, store, remote):
    one = here.add("one", {"a": b"same", "b": b"same", "c": b"other"})
    two = here.add("two", {"x": b"same"})

    moved = here.push(store, one, two, one, here.add_file("three", b"same"))

    assert (moved.files, moved.trees) == (2, 2)
    assert remote.traffic.calls["put"] == 4


def test_a_second_push_sends_nothing(here, store, remote):
    data = here.add("data", FILES)
    here.push(store, data)
    remote.forget_traffic()

    moved = here.push(store, data)

    assert moved == Moved()
    assert set(remote.traffic.calls) <= {"stat", "list"}


def test_only_what_is_new_goes(here, store, remote, keys, format):
    here.push(store, here.add("data", FILES))
    remote.forget_traffic()

    moved = here.push(store, here.add("data", {**FILES, "a": b"new"}))

    assert (moved.files, moved.trees) == (1, 1)
    assert remote.traffic.calls["put"] == 2


@loose
def test_a_tree_goes_after_all_that_it_names(here, format, open_store, remote):
    data = here.add("data", {f"{number:03}": b"%d" % number for number in range(100)})
    tree_key = format.loose_key(data.ref.oid)
    complete = []
    put = remote.put

    def watched(key, source, **options):
        if key == tree_key:
            complete.append(len(list(remote.list("files/"))))
        put(key, source, **options)

    remote.put = watched
    with open_store("many", jobs=8) as store:
        here.push(store, data)

    assert complete == [100]


@loose
def test_a_leaf_that_vanished_from_the_remote_is_sent_again_though_the_tree_is_there(
    here, store, remote, keys, format
):
    data = here.add("data", FILES)
    here.push(store, data)
    lost = key(format, b"two")
    remote.delete([lost])

    moved = here.push(store, data)

    assert lost in keys()
    assert (moved.files, moved.trees) == (1, 0)


def test_a_truncated_blob_on_the_remote_is_replaced(here, there, store, overwrite, format):
    data = here.add("data", FILES)
    here.push(store, data)
    overwrite(key(format, b"three"), b"thr")

    here.push(store, data)

    there.fetch(store, data).check("fetched")
    assert there.files(data) == FILES


@loose
def test_a_corrupt_blob_is_set_aside_and_never_sent(here, store, keys, format, failed, error_of):
    data = here.add("data", FILES)
    oid = hash_bytes(b"two", format.algorithm)
    here.damage(oid, b"tw0")

    moved = here.push(store, data)

    assert failed(moved) == {"data/b/c": BlobCorruptError}
    assert keys() == {key(format, b"one"), key(format, b"three")}
    assert oid not in here.cache
    assert [path.read_bytes() for path in (here.cache.root / "damaged").iterdir()] == [b"tw0"]
    assert moved.withheld == ("data",)
    error = error_of(moved, "pushed")
    assert isinstance(error, TransferError)
    assert str(error).startswith("1 of 3 files could not be pushed:\n  data/b/c: corrupt blob")


def test_a_corrupt_tree_is_not_sent_either(here, store, keys, format, failed):
    data = here.add("data", FILES)
    here.damage(data.ref.oid, b"not a tree")

    moved = here.push(store, data)

    assert failed(moved) == {"data": BlobCorruptError}
    assert not keys()


@loose
def test_a_blob_that_is_changed_while_it_is_sent_does_not_stay_on_the_remote(
    here, remote, store, keys, format, failed
):
    file = here.add_file("model.bin", b"weights")
    path = here.root / "cache" / format.loose_key(file.ref.oid)
    put = remote.put

    def edited(key, source, **options):
        path.chmod(0o644)
        path.write_bytes(b"w3ights")
        put(key, source, **options)

    remote.put = edited
    moved = here.push(store, file)

    assert failed(moved) == {"model.bin": BlobCorruptError}
    assert not keys()
    assert file.ref.oid not in here.cache


def test_a_large_blob_is_interrupted_while_it_is_verified(here, store, keys):
    file = here.add_file("model.bin", bytes(5 << 20))

    class Impatient:
        reads = 0

        def start(self, label, **totals): ...
        def finish(self): ...

        def advance(self, *, files=0, size=0):
            self.reads += 1
            if self.reads == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.push(store, file, progress=Impatient())

    assert not keys()


@loose
@pytest.mark.skipif(os.name == "nt", reason="Windows does not count links in the change time")
def test_a_blob_that_is_only_linked_while_it_is_sent_is_fine(here, remote, store, keys, format):
    file = here.add_file("model.bin", b"weights")
    put = remote.put

    def linked(key, source, **options):
        os.link(source, here.root / "link")
        put(key, source, **options)

    remote.put = linked
    here.push(store, file).check("pushed")

    assert keys() == {key(format, b"weights")}


@loose
def test_what_is_missing_here_and_there_is_named_and_the_rest_goes(
    here, store, keys, format, failed, error_of
):
    data = here.add("data", FILES)
    here.lose(hash_bytes(b"two", format.algorithm))

    moved = here.push(store, data)

    assert failed(moved) == {"data/b/c": BlobMissingError}
    assert keys() == {key(format, b"one"), key(format, b"three")}
    error = error_of(moved, "pushed")
    assert isinstance(error, BlobMissingError)
    assert error.names == ("data/b/c",)
    assert error.tried == ("memory://remote",)


def test_what_is_missing_here_but_not_there_is_not_missed(here, store, format):
    data = here.add("data", FILES)
    here.push(store, data)
    here.lose(hash_bytes(b"two", format.algorithm))

    here.push(store, data).check("pushed")


def test_a_fresh_clone_has_nothing_to_push_and_no_reason_to_fail(here, there, store):
    data, file = here.add("data", FILES), here.add_file("model.bin", b"weights")
    here.push(store, data, file)

    assert there.push(store, data, file) == Moved()
    assert not (there.root / "cache").exists()


@loose
def test_a_fresh_clone_still_notices_what_the_remote_lost(
    here, there, store, remote, format, failed
):
    data = here.add("data", FILES)
    here.push(store, data)
    remote.delete([key(format, b"two")])

    assert failed(there.push(store, data)) == {"data/b/c": BlobMissingError}


def test_a_tree_that_is_nowhere_is_named_by_its_directory(there, here, store, error_of):
    data = here.add("data", FILES)

    error = error_of(there.push(store, data, here.add("more", {"x": b"x"})), "pushed")

    assert isinstance(error, BlobMissingError)
    assert error.names == ("data", "more")


def test_a_tree_that_is_corrupt_here_and_whole_there_does_not_stop_the_push(here, store):
    data = here.add("data", FILES)
    here.push(store, data)
    here.damage(data.ref.oid, b"not a tree")

    here.push(store, data).check("pushed")


# Parts of directories


@loose
def test_a_part_goes_alone_and_the_tree_waits_for_the_rest(here, store, keys, format):
    data = here.add("data", FILES)

    moved = here.push(store, data._replace(part="b"))

    assert keys() == {key(format, b"two"), key(format, b"three")}
    assert moved == Moved(files=2, size=8, withheld=("data",))
    moved.check("pushed")


def test_the_last_part_takes_the_tree_along(here, there, store):
    data = here.add("data", FILES)
    here.push(store, data._replace(part="b"))

    moved = here.push(store, data._replace(part="a"))

    assert (moved.files, moved.trees, moved.withheld) == (1, 1, ())
    there.fetch(store, data).check("fetched")


def test_a_part_that_no_version_has_is_an_error(here, store, failed):
    data = here.add("data", FILES)

    assert failed(here.push(store, data._replace(part="x"))) == {"data/x": NotAnOutputError}


def test_a_part_that_only_some_versions_have_is_none(here, store):
    old, new = here.add("data", FILES), here.add("data", {**FILES, "x": b"new"})

    moved = here.push(store, old._replace(part="x"), new._replace(part="x"))

    assert moved.files == 1
    assert not moved.failures


# Remotes that misbehave


@loose
def test_one_refused_blob_does_not_keep_the_others(here, store, remote, keys, format, failed):
    one, two = here.add("one", FILES), here.add("two", {"x": b"x"})
    remote.plan = Plan((Fault(Kind.BREAK, "put", key(format, b"two")),))

    moved = here.push(store, one, two)

    assert failed(moved) == {"one/b/c": RemoteUnavailableError}
    assert moved.withheld == ("one",)
    assert format.loose_key(two.ref.oid) in keys()
    assert format.loose_key(one.ref.oid) not in keys()


@loose
def test_the_same_push_again_completes_the_work(here, there, store, remote):
    data = here.add("data", {str(number): b"%d" % number for number in range(50)})
    remote.plan = Plan((Fault(Kind.FAIL, "put", skip=20, times=3),))
    here.push(store, data)
    remote.forget_traffic()

    moved = here.push(store, data)

    assert (moved.files, moved.trees) == (3, 1)
    assert remote.traffic.calls["put"] == 4
    there.fetch(store, data).check("fetched")


@loose
def test_lost_access_stops_the_push_and_says_what_is_left(here, store, remote, error_of):
    data = here.add("data", {str(number): b"%d" % number for number in range(500)})
    remote.plan = Plan((Fault(Kind.FAIL, "put", skip=100, error=AccessDeniedError),))

    moved = here.push(store, data)

    assert moved.files == 100
    assert moved.trees == 0
    assert 1 <= len(moved.failures) <= 4
    assert moved.left == 400 - len(moved.failures)
    error = error_of(moved, "pushed")
    assert isinstance(error, TransferError)
    assert str(error).startswith("400 of 500 files could not be pushed:\n  data/")
    assert str(error).endswith(f"\n  {moved.left} others were not tried after that")


def test_no_tree_follows_when_the_push_was_stopped(here, store, remote, keys, format):
    one = here.add("one", {str(number): b"%d" % number for number in range(50)})
    two = here.add("two", {str(number): b"x%d" % number for number in range(50)})
    remote.plan = Plan((Fault(Kind.FAIL, "put", skip=10, times=1, error=AccessDeniedError),))

    moved = here.push(store, one, two)

    assert moved.files + len(moved.failures) + moved.left == 100
    assert not keys() & {format.loose_key(data.ref.oid) for data in (one, two)}


@loose
def test_a_push_that_is_interrupted_keeps_what_arrived(here, store, remote):
    data = here.add("data", {str(number): b"%d" % number for number in range(100)})

    class Impatient:
        def start(self, label, **totals): ...
        def finish(self): ...

        def advance(self, *, files=0, size=0):
            if remote.traffic.calls.get("put", 0) > 30:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.push(store, data, progress=Impatient())

    sent = remote.traffic.calls["put"]
    moved = here.push(store, data)
    assert 20 < 100 - moved.files <= sent


@loose
def test_the_remotes_refusal_to_tell_what_it_has_is_no_empty_remote(here, store, remote):
    data = here.add("data", FILES)
    remote.plan = Plan((Fault(Kind.FAIL, "stat", error=AccessDeniedError),))

    with pytest.raises(AccessDeniedError):
        here.push(store, data)

    assert "put" not in remote.traffic.calls


# What would move, and how far it has come


def test_a_dry_push_tells_what_a_push_does_and_does_nothing(here, store, keys):
    wanted = [here.add("data", FILES), here.add_file("model.bin", b"weights")]

    planned = pushable(here.cache, store, wanted, SILENT)

    assert not keys()
    assert planned == here.push(store, *wanted)
    assert pushable(here.cache, store, wanted, SILENT) == Moved()


def test_a_dry_push_names_what_is_missing(here, store, format, failed):
    data = here.add("data", FILES)
    here.lose(hash_bytes(b"two", format.algorithm))

    planned = pushable(here.cache, store, [data], SILENT)

    assert failed(planned) == {"data/b/c": BlobMissingError}
    assert (planned.files, planned.trees, planned.withheld) == (2, 0, ("data",))


def test_a_dry_push_of_a_part(here, store):
    data = here.add("data", FILES)._replace(part="b")

    planned = pushable(here.cache, store, [data], SILENT)

    assert planned == Moved(files=2, size=8, withheld=("data",))


def test_progress_ends_where_it_was_to_end(here, store, recorder):
    data = here.add("data", FILES)
    tree = here.cache.tree(data.ref.oid)

    here.push(store, data, progress=recorder)

    size = 11 + tree.ref.size
    assert recorder.works == [["Comparing", None, None, 0, 0], ["Pushing", 4, size, 4, size]]


def test_an_output_of_unknown_size_is_pushed(here, store, keys, format):
    file = here.add_file("model.bin", b"weights")

    moved = here.push(store, Wanted(file.path, BlobRef(file.ref.oid, -1)))

    assert moved == Moved(files=1, size=7)
