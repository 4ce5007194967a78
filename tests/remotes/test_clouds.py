"""What holds for buckets of every cloud, beyond the contract of remotes."""

import time

import pytest

from dvclite.errors import KeyExistsError, RemoteSetupError, RemoteUnavailableError

MIB = 1 << 20


def test_a_missing_bucket_is_named(cloud, source, call, fails):
    remote = cloud.open("prefix", bucket="no-such-bucket")
    error = fails(RemoteSetupError, call, remote, source(b"x"))
    assert "there is no bucket no-such-bucket" in str(error)
    assert "create the bucket" in error.hint


def test_a_dead_endpoint_fails_quickly(cloud, source, call, fails):
    remote = cloud.open(endpointurl="http://127.0.0.1:9")
    begin = time.monotonic()
    error = fails(RemoteUnavailableError, call, remote, source(b"x"))
    assert "cannot be reached" in str(error)
    assert "endpointurl" in error.hint
    assert time.monotonic() - begin < 10


def test_a_source_that_shrinks_while_it_is_sent_is_an_error_of_the_file(cloud, source):
    path = source(40 * MIB)

    def shrink(_count):
        with path.open("r+b") as file:
            file.truncate(MIB)

    remote = cloud.open()
    with pytest.raises(OSError, match="became shorter"):
        remote.put("k", path, moved=shrink)
    assert remote.stat("k") is None


def test_a_conditional_put_whose_answer_was_lost_is_known_as_our_own(cloud, source, relay):
    remote = cloud.open(endpointurl=relay(cloud.endpoint, "lose-answer", 0, 1))
    remote.put("k", source(b"ours"), if_absent=True)
    assert remote.read("k", 0, 10) == b"ours"
    with pytest.raises(KeyExistsError):
        remote.put("k", source(b"theirs"), if_absent=True)


def test_a_get_goes_on_where_the_connection_broke(cloud, source, relay, tmp_path):
    path = source(9 * MIB)
    cloud.open().put("k", path)
    moved = []
    broken = cloud.open(endpointurl=relay(cloud.endpoint, "cut-answer", 2 * MIB, 3))
    broken.get("k", tmp_path / "out", moved=moved.append)
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert sum(moved) == 9 * MIB


def test_a_connection_that_always_breaks_is_given_up_at_last(cloud, source, relay, tmp_path):
    cloud.open().put("k", source(MIB))
    broken = cloud.open(endpointurl=relay(cloud.endpoint, "cut-answer", 10, 1000))
    with pytest.raises(RemoteUnavailableError, match="fell silent"):
        broken.get("k", tmp_path / "out")
    with pytest.raises(RemoteUnavailableError, match="fell silent"):
        broken.read("k", 0, 100)


def test_names_that_only_look_like_folders_are_not_listed(cloud):
    for name in ("p/", "p/files/", "p/files/ab"):
        cloud.keep(name, b"")
    assert [entry.key for entry in cloud.open("p").list("")] == ["files/ab"]
