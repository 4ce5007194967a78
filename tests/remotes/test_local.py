"""A directory keeps the contract, and what else is promised of one."""

import errno
import os
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

import dvclite_local
from dvclite.errors import (
    HostilePathError,
    KeyExistsError,
    KeyMissingError,
    RemoteSetupError,
    RemoteUnavailableError,
)
from dvclite.files import changes
from dvclite.files.owners import own_name
from dvclite.remote import Given
from dvclite.testing.conformance import RemoteConformance

STAGING = ".dvclite-tmp"
MIB = 1 << 20

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has other modes and links")


class TestLocalRemote(RemoteConformance):
    @pytest.fixture
    def remote(self, tmp_path):
        remote = dvclite_local.open(str(tmp_path / "remote"), {})
        yield remote
        remote.close()

    def opener(self, remote):
        return partial(dvclite_local.open, remote.url, {})


class TestSharedLocalRemoteByAddress(RemoteConformance):
    @pytest.fixture
    def remote(self, tmp_path):
        address = (tmp_path / "a remote").as_uri()
        remote = dvclite_local.open(address, {"shared": "group", "type": "copy"})
        yield remote
        remote.close()

    def opener(self, remote):
        return partial(dvclite_local.open, remote.url, {"shared": "group"})


@pytest.fixture
def root(tmp_path):
    return tmp_path / "remote"


@pytest.fixture
def remote(root):
    remote = dvclite_local.open(str(root), {})
    yield remote
    remote.close()


@pytest.fixture
def source(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"content")
    return source


@pytest.fixture
def umask():
    """Sets the umask for one test."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


@pytest.fixture
def calls(remote, source, tmp_path):
    """One call of each method that takes a key."""
    return {
        "stat": remote.stat,
        "put": lambda key: remote.put(key, source),
        "claim": lambda key: remote.put(key, source, if_absent=True),
        "get": lambda key: remote.get(key, tmp_path / "target"),
        "read": lambda key: remote.read(key, 0, 1),
        "delete": lambda key: remote.delete([key]),
    }


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# The address and the options.


def test_a_path_and_an_address_name_the_same_folder(tmp_path, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "a + 100% b"
    root.mkdir()
    dvclite_local.open(root.as_uri(), {}).put("by-address", source)
    dvclite_local.open(str(root), {}).put("by-path", source)
    relative = dvclite_local.open("a + 100% b", {})
    monkeypatch.chdir("/")
    relative.put("by-relative-path", source)

    assert {entry.key for entry in relative.list("")} == {
        "by-address",
        "by-path",
        "by-relative-path",
    }


@pytest.mark.parametrize(
    ("url", "options", "reason"),
    [
        ("/tmp", {"endpointurl": "x"}, "unknown option 'endpointurl'"),
        ("/tmp", {"type": "hadrlink"}, "the option type cannot be 'hadrlink'"),
        ("/tmp", {"type": ""}, "the option type cannot be ''"),
        ("/tmp", {"shared": "world"}, "the option shared cannot be 'world'"),
        ("", {}, "names no folder"),
        ("a\0b", {}, "names no folder"),
        pytest.param(
            "file://me:secret@server/share",
            {},
            "cannot lead to another machine, as to server",
            marks=posix_only,
        ),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(url, options, reason):
    with pytest.raises(RemoteSetupError, match=reason) as refused:
        dvclite_local.open(url, options)

    assert refused.value.hint
    assert "secret" not in str(refused.value)


def test_opening_and_looking_make_nothing(remote, tmp_path):
    assert remote.stat("files/ab/cdef") is None
    assert list(remote.list("")) == []
    remote.delete(["files/ab/cdef"])
    remote.close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("types", "tried"), [("reflink,copy", 2), ("copy", 0), ("hardlink, symlink", 0)]
)
def test_files_are_cloned_only_where_that_is_wanted(
    root, source, tmp_path, monkeypatch, types, tried
):
    clones = []
    monkeypatch.setattr(changes, "clone", lambda *fds: bool(clones.append(fds)))
    remote = dvclite_local.open(str(root), {"type": types})

    remote.put("key", source)
    remote.get("key", tmp_path / "target")

    assert len(clones) == tried
    assert (tmp_path / "target").read_bytes() == b"content"
    assert (root / "key").stat().st_nlink == 1


@posix_only
def test_a_file_that_is_given_away_becomes_the_key_without_a_copy(root, remote, source):
    moved = []

    remote.put("key", Given(source), moved=moved.append)

    assert (root / "key").samefile(source)
    assert stat.S_IMODE((root / "key").stat().st_mode) == 0o444
    assert moved == [7]
    assert [list(folder.iterdir()) for folder in (root / STAGING).iterdir()] == [[]]


@pytest.mark.parametrize("options", [{"shared": "group"}, {"type": "copy"}])
def test_a_file_that_is_given_away_is_copied_where_others_own_it_or_copies_are_wanted(
    root, source, options
):
    dvclite_local.open(str(root), options).put("key", Given(source))

    assert not (root / "key").samefile(source)
    assert (root / "key").read_bytes() == b"content"


def test_a_file_that_is_given_away_is_copied_where_it_cannot_be_linked(
    root, remote, source, monkeypatch
):
    def link(*_paths, **_folder):
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(changes, "link", link)

    remote.put("key", Given(source))

    assert not (root / "key").samefile(source)
    assert (root / "key").read_bytes() == b"content"


@posix_only
def test_no_file_becomes_a_key_that_was_not_given_away(root, remote, source):
    remote.put("key", source)

    assert not (root / "key").samefile(source)


def test_a_key_that_may_not_be_there_yet_is_always_a_copy(root, remote, source):
    remote.put("key", Given(source), if_absent=True)

    assert not (root / "key").samefile(source)


def test_large_files_are_copied_in_pieces(root, tmp_path):
    remote = dvclite_local.open(str(root), {"type": "copy"})
    source = tmp_path / "source"
    source.write_bytes(bytes(5 * MIB + 1))
    put, got = [], []

    remote.put("key", source, moved=put.append)
    remote.get("key", tmp_path / "target", moved=got.append)

    assert put == got == [MIB] * 5 + [1]


def test_a_key_that_is_there_is_noticed_before_anything_is_copied(remote, source):
    moved = []
    remote.put("mark", source)

    with pytest.raises(KeyExistsError):
        remote.put("mark", source, if_absent=True, moved=moved.append)

    assert moved == []


# The folder itself.


def test_the_root_is_not_made_where_its_parent_is_missing(tmp_path, calls, source):
    remote = dvclite_local.open(str(tmp_path / "unmounted" / "remote"), {})
    attempts = [
        lambda: remote.put("key", source),
        lambda: remote.stat("key"),
        lambda: remote.stat("files/ab/cdef"),
        lambda: list(remote.list("")),
        lambda: remote.get("key", tmp_path / "target"),
        lambda: remote.read("key", 0, 1),
        lambda: remote.delete(["key"]),
    ]

    for attempt in attempts:
        with pytest.raises(RemoteSetupError, match="there is no folder") as refused:
            attempt()
        assert "mkdir -p" in refused.value.hint
        assert "mount" in refused.value.hint
    assert list(tmp_path.iterdir()) == [source]


def test_a_root_that_is_a_file_is_refused(root, calls, remote):
    root.write_bytes(b"")

    for call in calls.values():
        with pytest.raises(RemoteSetupError, match="is not a folder"):
            call("files/ab/cdef")
    with pytest.raises(RemoteSetupError, match="is not a folder"):
        list(remote.list(""))


def test_a_root_that_vanishes_is_not_made_again(root, remote, source, calls):
    remote.put("files/ab/cdef", source)
    root.rename(root.with_name("elsewhere"))

    for call in calls.values():
        with pytest.raises(RemoteUnavailableError, match="has vanished"):
            call("files/ab/cdef")
    with pytest.raises(RemoteUnavailableError, match="has vanished"):
        list(remote.list(""))
    assert not root.exists()


@posix_only
def test_the_root_may_be_a_link_to_a_folder(root, remote, source, tmp_path):
    (tmp_path / "disk").mkdir()
    root.symlink_to("disk")

    remote.put("files/ab/cdef", source)

    assert (tmp_path / "disk/files/ab/cdef").read_bytes() == b"content"


@posix_only
def test_a_root_that_is_a_link_to_nothing_is_refused(root, calls):
    root.symlink_to("unmounted")

    for call in calls.values():
        with pytest.raises(RemoteSetupError, match="link to a folder that is not there"):
            call("key")


# Hostile keys, links, and what else lies about.

HOSTILE = [
    "",
    "/",
    "..",
    "../outside",
    "files/../../outside",
    "files/..",
    "/etc/passwd",
    "files//ab",
    "files/",
    "./files",
    "files/.hidden",
    STAGING + "/x",
    "Files",
    "a\\b",
    "c:/windows",
    "a\0b",
    "a\n",
    "ä",
    "a b",
    "k" * 201,
]


@pytest.mark.parametrize("key", HOSTILE)
def test_hostile_keys_are_refused_by_every_method(root, source, calls, tmp_path, key):
    root.mkdir()
    (tmp_path / "outside").write_bytes(b"untouched")

    for call in calls.values():
        with pytest.raises(HostilePathError):
            call(key)

    assert (tmp_path / "outside").read_bytes() == b"untouched"
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("prefix", ["/", "../", "..", "files/../", "//", "/etc/", ".dvclite-tmp/"])
def test_hostile_prefixes_begin_no_key(root, remote, source, tmp_path, prefix):
    (tmp_path / "outside").write_bytes(b"")
    remote.put("files/key", source)

    assert list(remote.list(prefix)) == []


@posix_only
def test_what_cannot_be_a_key_is_not_listed(root, remote, source):
    remote.put("files/ab/cdef", source)
    for name in ("README.md", "Thumbs.db", "files/ab/.nfs0001", "files/spaced name"):
        (root / name).write_bytes(b"")
    (root / "files/link").symlink_to("ab/cdef")
    (root / "files/links").symlink_to("ab")
    os.mkfifo(root / "files/pipe")

    assert [entry.key for entry in remote.list("")] == ["files/ab/cdef"]


@posix_only
def test_a_link_in_place_of_a_folder_is_not_followed(root, calls, tmp_path, source):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "cdef").write_bytes(b"untouched")
    (root / "files").mkdir(parents=True)
    (root / "files/ab").symlink_to(outside)

    for call in calls.values():
        with pytest.raises(RemoteSetupError, match="files/ab is not a folder") as refused:
            call("files/ab/cdef")
        assert "links inside a remote are not followed" in refused.value.hint
        with pytest.raises(RemoteSetupError):
            call("files/ab/new")

    assert [path.name for path in outside.iterdir()] == ["cdef"]
    assert (outside / "cdef").read_bytes() == b"untouched"


@posix_only
def test_a_link_in_place_of_a_key_is_replaced_and_not_followed(root, remote, source, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"untouched")
    root.mkdir()
    (root / "key").symlink_to(outside)

    assert remote.stat("key") is None
    with pytest.raises(KeyMissingError):
        remote.get("key", tmp_path / "target")

    remote.put("key", source)

    assert outside.read_bytes() == b"untouched"
    assert remote.read("key", 0, 10) == b"content"


@posix_only
def test_a_link_in_place_of_the_staging_folder_is_not_followed(root, remote, source, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    root.mkdir()
    (root / STAGING).symlink_to(outside)

    with pytest.raises(RemoteSetupError):
        remote.put("key", source)

    assert list(outside.iterdir()) == []


@posix_only
def test_a_link_named_like_something_left_behind_is_not_swept(root, remote, source, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_bytes(b"")
    (root / STAGING).mkdir(parents=True)
    (root / STAGING / left_behind()).symlink_to(outside)

    remote.put("key", source)

    assert (outside / "mine").exists()


def test_a_key_below_a_key_is_refused(remote, source):
    remote.put("files/ab", source)

    with pytest.raises(RemoteSetupError, match="is not a folder"):
        remote.put("files/ab/cdef", source)

    assert remote.stat("files/ab/cdef") is None
    assert remote.stat("files/ab") == 7


# Staging.


def left_behind():
    """The name of the staging folder of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    machine, _, _ = own_name().rsplit("-", 2)
    return f"{machine}-{process.pid}-00000000"


@posix_only
def test_what_dead_processes_left_is_removed_by_the_first_put(root, remote, source):
    dead, living = root / STAGING / left_behind(), root / STAGING / f"elsewhere-{os.getpid()}-0000"
    for folder in (dead, living):
        folder.mkdir(parents=True)
        (folder / "1").write_bytes(b"half of a fi")

    remote.put("key", source)

    assert not dead.exists()
    assert (living / "1").exists()


def test_nothing_stays_in_staging(root, remote, source):
    remote.put("key", source)
    remote.put("mark", source, if_absent=True)
    (folder,) = (root / STAGING).iterdir()
    assert list(folder.iterdir()) == []

    remote.close()
    assert list((root / STAGING).iterdir()) == []

    remote.put("after", source)
    assert remote.stat("after") == 7


def test_a_staging_folder_that_somebody_removed_is_made_anew(root, remote, source):
    remote.put("first", source)
    (folder,) = (root / STAGING).iterdir()
    folder.rmdir()

    remote.put("second", source)

    assert remote.stat("second") == 7


# Modes.


@posix_only
@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_blobs_are_read_only_for_all_whatever_the_umask(root, remote, source, umask, mask):
    umask(mask)

    remote.put("files/ab/cdef", source)
    remote.put("claimed", source, if_absent=True)

    assert mode(root / "files/ab/cdef") == mode(root / "claimed") == 0o444
    assert {mode(root), mode(root / "files"), mode(root / "files/ab")} == {0o777 & ~mask}


@posix_only
def test_what_is_got_has_the_mode_of_any_new_file(remote, source, tmp_path, umask):
    umask(0o027)
    remote.put("key", source)
    remote.get("key", tmp_path / "target")

    assert mode(tmp_path / "target") == 0o640


@posix_only
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_shared_remote_lets_the_group_write(root, source, umask, mask):
    umask(mask)
    remote = dvclite_local.open(str(root), {"shared": "group"})

    remote.put("files/ab/cdef", source)

    (staging,) = (root / STAGING).iterdir()
    folders = [root, root / "files", root / "files/ab", root / STAGING, staging]
    assert {mode(folder) for folder in folders} == {0o2775}
    assert mode(root / "files/ab/cdef") == 0o444


@posix_only
def test_a_folder_that_is_there_keeps_its_mode(root, source):
    root.mkdir(mode=0o750)
    remote = dvclite_local.open(str(root), {"shared": "group"})

    remote.put("key", source)

    assert mode(root) == 0o750


def test_the_url_is_kept_for_messages(tmp_path):
    url = Path(tmp_path, "remote").as_uri()

    with pytest.raises(KeyMissingError, match=url):
        dvclite_local.open(url, {}).read("key", 0, 1)
