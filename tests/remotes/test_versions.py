"""Clouds that keep versions can be asked for each of them."""

import pytest

from dvclite.errors import KeyMissingError
from dvclite.remote import VersionedRemote


@pytest.fixture
def s3_versions(s3):
    s3.client.put_bucket_versioning(Bucket=s3.bucket, VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture
def put(tmp_path):
    """Put a text: `put(remote, key, text)`; returns what the cloud calls that version."""

    def put(remote, key, text):
        source = tmp_path / "source"
        source.write_text(text)
        remote.put(key, source)
        return remote.stat_version(key, "").id

    return put


def got(remote, key, version, target):
    remote.get_version(key, version, target)
    return target.read_text()


def test_s3(s3_versions, put, tmp_path):
    remote = s3_versions.open("some/prefix")
    assert isinstance(remote, VersionedRemote)
    first, second = put(remote, "key", "one"), put(remote, "key", "second")
    assert first != second
    assert got(remote, "key", first, tmp_path / "out") == "one"
    assert got(remote, "key", "", tmp_path / "out") == "second"
    assert remote.stat_version("key", first) == (3, "f97c5d29941bfb1b2fdab0874906ab82", first)
    remote.delete(["key"])
    assert remote.stat_version("key", "") is None
    assert got(remote, "key", second, tmp_path / "out") == "second"
    for version in ("no-such-version", "0" * 36):
        assert remote.stat_version("key", version) is None
        with pytest.raises(KeyMissingError):
            remote.get_version("key", version, tmp_path / "out")


def test_s3_without_versions(s3, put, tmp_path):
    remote = s3.open()
    assert put(remote, "key", "one") == ""
    assert got(remote, "key", "", tmp_path / "out") == "one"


def test_gcs(gcs, put, tmp_path):
    remote = gcs.open("some/prefix")
    assert isinstance(remote, VersionedRemote)
    version = put(remote, "key", "one")
    assert got(remote, "key", version, tmp_path / "out") == "one"
    assert remote.stat_version("key", version).size == 3
    assert remote.stat_version("other", "") is None
    for other in ("17", "no-such-version", "²"):
        assert remote.stat_version("key", other) is None
        with pytest.raises(KeyMissingError):
            remote.get_version("key", other, tmp_path / "out")
