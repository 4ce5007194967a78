"""A directory as a remote when disks fail, processes die, and many write at once."""

import errno
import inspect
import itertools
import os
import stat
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import dvclite_local
from dvclite.errors import (
    AccessDeniedError,
    KeyExistsError,
    RemoteError,
    RemoteUnavailableError,
)
from dvclite.files import changes

pytestmark = pytest.mark.skipif(os.name == "nt", reason="faults as POSIX systems have them")

STAGING = ".dvclite-tmp"
CHANGES = [
    name
    for name, function in inspect.getmembers(changes, inspect.isfunction)
    if function.__module__ == changes.__name__
]


@pytest.fixture
def root(tmp_path):
    return tmp_path / "remote"


@pytest.fixture
def remote(root):
    # Copying, since a clone is one call where a copy is many.
    remote = dvclite_local.open(str(root), {"type": "copy"})
    yield remote
    remote.close()


@pytest.fixture
def source(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"content")
    return source


@pytest.fixture
def observe(monkeypatch):
    """Calls a function with the name and arguments of each change, before and after it."""

    def observe(watch):
        for name in CHANGES:
            monkeypatch.setattr(changes, name, watched(name, getattr(changes, name), watch))

    return observe


def watched(name, change, watch):
    def call(*args, **options):
        watch("before", name, args)
        result = change(*args, **options)
        watch("after", name, args)
        return result

    return call


def raiser(error):
    def fail(*args, **options):
        raise error

    return fail


def path_of(fd):
    return os.readlink(f"/proc/self/fd/{fd}")


def staged(root):
    return [path for path in (root / STAGING).rglob("*") if path.is_file()]


# Order.


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="looks at descriptors in /proc")
@pytest.mark.parametrize("if_absent", [False, True])
def test_content_is_flushed_before_its_name_and_names_before_the_return(
    root, remote, source, observe, if_absent
):
    events = []

    def watch(moment, name, args):
        if (moment, name) == ("before", "flush"):
            events.append(("flush", path_of(args[0])))
        elif (moment, name) == ("after", "write"):
            events.append(("write", path_of(args[0])))
        elif moment == "after" and name in {"rename", "link"}:
            events.append(("name", args[1]))

    observe(watch)
    remote.put("files/ab/first", source, if_absent=if_absent)
    new_folders = [path for event, path in events[3:] if event == "flush"]
    staged = events[0][1]

    assert events[:3] == [("write", staged), ("flush", staged), ("name", "first")]
    assert staged.startswith(str(root / STAGING))
    assert new_folders == [
        str(path) for path in (root / "files/ab", root / "files", root, root.parent)
    ]

    events.clear()
    remote.put("files/ab/second", source, if_absent=if_absent)

    assert [event for event, _ in events] == ["write", "flush", "name", "flush"]
    assert events[3] == ("flush", str(root / "files/ab"))


# Errors of the system.

ERRORS = {
    errno.EIO: RemoteUnavailableError,
    errno.ESTALE: RemoteUnavailableError,
    errno.ENOSPC: RemoteUnavailableError,
    errno.EDQUOT: RemoteUnavailableError,
    errno.EACCES: AccessDeniedError,
    errno.EROFS: AccessDeniedError,
}


@pytest.mark.parametrize("code", ERRORS, ids=errno.errorcode.get)
def test_an_error_of_the_system_is_told_in_the_words_of_the_contract(
    root, remote, source, monkeypatch, code
):
    monkeypatch.setattr(changes, "create", raiser(OSError(code, os.strerror(code))))

    with pytest.raises(ERRORS[code]) as told:
        remote.put("files/ab/cdef", source)

    assert str(told.value).startswith(f"{root}/files/ab/cdef: ")
    assert isinstance(told.value.__cause__, OSError)
    assert told.value.hint


def put_and_close(root, source, *, if_absent):
    remote = dvclite_local.open(str(root), {"type": "copy"})
    try:
        remote.put("files/ab/cdef", source, if_absent=if_absent)
    finally:
        remote.close()


def put_again(root, source):
    """What follows upon a failure: the key is absent or whole, and can be put."""
    remote = dvclite_local.open(str(root), {})
    seen = remote.stat("files/ab/cdef")
    if seen is not None:
        assert remote.read("files/ab/cdef", 0, 100) == b"content"
    remote.put("files/ab/cdef", source)
    assert remote.read("files/ab/cdef", 0, 100) == b"content"
    assert [entry.key for entry in remote.list("")] == ["files/ab/cdef"]
    remote.close()
    return seen


@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES])
@pytest.mark.parametrize("if_absent", [False, True])
def test_an_error_at_any_change_is_told_and_leaves_nothing_by_halves(
    tmp_path, source, observe, monkeypatch, code, if_absent
):
    made = []
    observe(lambda moment, name, args: made.append(name) if moment == "before" else None)
    put_and_close(tmp_path / "counted", source, if_absent=if_absent)
    monkeypatch.undo()

    for strike, change in enumerate(made):
        root = tmp_path / str(strike)
        points = itertools.count()

        def watch(moment, name, args, strike=strike, points=points):
            if moment == "before" and next(points) == strike:
                raise OSError(code, os.strerror(code))

        observe(watch)
        failure = None
        try:
            put_and_close(root, source, if_absent=if_absent)
        except RemoteError as error:
            failure = error
        monkeypatch.undo()
        seen = put_again(root, source)

        if failure is None:
            # What could not be removed from staging is swept later.
            assert seen == 7
            assert change in {"unlink", "remove_folder"}
        else:
            assert type(failure) is ERRORS[code]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("if_absent", [False, True])
def test_a_process_that_dies_at_any_change_leaves_the_key_absent_or_whole(
    tmp_path, source, observe, monkeypatch, if_absent
):
    moments = []
    observe(lambda *moment: moments.append(moment))
    put_and_close(tmp_path / "counted", source, if_absent=if_absent)
    monkeypatch.undo()

    for strike in range(len(moments)):
        root = tmp_path / str(strike)
        child = os.fork()
        if child == 0:
            points = itertools.count()
            observe(lambda *_, strike=strike, points=points: next(points) == strike and os._exit(9))
            put_and_close(root, source, if_absent=if_absent)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

        put_again(root, source)
        assert staged(root) == []


# Where the system does not do what is asked.


def cannot_link(*args, **options):
    raise OSError(errno.EPERM, "Operation not permitted")


def test_where_nothing_can_be_linked_a_lock_decides_who_claims_a_key(
    root, remote, source, tmp_path, monkeypatch
):
    monkeypatch.setattr(changes, "link", cannot_link)
    together = threading.Barrier(8)

    def claim(number):
        file = tmp_path / f"claim-{number}"
        file.write_bytes(b"%d" % number)
        together.wait()
        try:
            remote.put("mark", file, if_absent=True)
        except KeyExistsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(claim, range(8)))

    assert outcomes.count(True) == 1
    assert remote.read("mark", 0, 10) == b"%d" % outcomes.index(True)
    with pytest.raises(KeyExistsError):
        remote.put("mark", source, if_absent=True)


def test_a_link_that_was_made_although_the_answer_says_otherwise_is_our_own(
    remote, source, monkeypatch
):
    link = changes.link

    def make_and_deny(*args, **options):
        link(*args, **options)
        raise FileExistsError(errno.EEXIST, "File exists")

    monkeypatch.setattr(changes, "link", make_and_deny)

    remote.put("mark", source, if_absent=True)

    assert remote.read("mark", 0, 10) == b"content"


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP])
def test_folders_that_cannot_be_flushed_are_no_obstacle(remote, source, monkeypatch, code):
    flush = changes.flush

    def flush_files(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(code, os.strerror(code))
        flush(fd)

    monkeypatch.setattr(changes, "flush", flush_files)

    remote.put("files/ab/cdef", source)

    assert remote.stat("files/ab/cdef") == 7


# Real refusals of a real system.


@pytest.fixture
def unprivileged(tmp_path):
    """Begins to act as somebody whom the file system may refuse something."""
    if os.geteuid() != 0:
        yield lambda: None
        return
    above = [path for path in (tmp_path, *tmp_path.parents) if not path.stat().st_mode & 0o001]
    for path in above:
        path.chmod(path.stat().st_mode | 0o011)
    yield lambda: os.seteuid(65534)
    os.seteuid(0)
    for path in above:
        path.chmod(path.stat().st_mode & ~0o011)


def test_a_refusal_names_the_path_its_owner_and_its_mode(root, source, tmp_path, unprivileged):
    import pwd

    remote = dvclite_local.open(str(root), {})
    remote.put("files/ab/cdef", source)
    remote.put("files/closed/key", source)
    remote.close()
    (root / "files/ab").chmod(0o555)
    (root / "files/ab/cdef").chmod(0o000)
    (root / "files/closed").chmod(0o000)
    (root / STAGING).chmod(0o555)
    owner = pwd.getpwuid(os.geteuid()).pw_name
    unprivileged()

    def refusal(call):
        with pytest.raises(AccessDeniedError) as refused:
            call()
        assert refused.value.hint
        return str(refused.value).partition("permission denied: ")[2]

    def says(path, mode):
        return f"{root / path} belongs to {owner} and has mode {mode}"

    reading = dvclite_local.open(str(root), {})
    assert reading.stat("files/ab/cdef") == 7
    assert refusal(lambda: reading.read("files/ab/cdef", 0, 1)) == says("files/ab/cdef", "0000")
    assert refusal(lambda: reading.get("files/ab/cdef", tmp_path / "x")) == says(
        "files/ab/cdef", "0000"
    )
    assert refusal(lambda: reading.stat("files/closed/key")) == says("files/closed", "0000")
    assert refusal(lambda: reading.put("files/ab/new", source)) == says(STAGING, "0555")
    assert refusal(lambda: reading.delete(["files/ab/cdef"])) == says("files/ab", "0555")
    if os.geteuid() != os.getuid():
        os.seteuid(0)
    (root / "files/closed").chmod(0o755)
    (root / "files/ab").chmod(0o755)
    (root / STAGING).chmod(0o755)


def mounted(tmp_path, *command):
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "mounted"
    place.mkdir()
    done = subprocess.run([*command, str(place)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("nothing can be mounted here")
    return place


@pytest.fixture
def small_disk(tmp_path):
    place = mounted(tmp_path, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_what_is_there_stays(small_disk, tmp_path):
    remote = dvclite_local.open(str(small_disk / "remote"), {})
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(bytes(1000))
    large.write_bytes(bytes(2 << 20))
    remote.put("small", small)

    with pytest.raises(RemoteUnavailableError, match="its disk is full") as refused:
        remote.put("large", large)

    assert "free some space" in refused.value.hint
    assert [entry.key for entry in remote.list("")] == ["small"]
    assert staged(small_disk / "remote") == []
    remote.put("another", small)
    remote.close()


@pytest.fixture(params=["btrfs", "xfs"])
def cloning_disk(request, tmp_path):
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(400 << 20)
    try:
        subprocess.run([f"mkfs.{request.param}", "-q", str(image)], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip(f"no {request.param} can be made here")
    place = mounted(tmp_path, "mount", "-o", "loop", str(image))
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_blocks_are_shared_where_the_file_system_can(cloning_disk):
    source = cloning_disk / "source"
    source.write_bytes(os.urandom(20 << 20))
    remote = dvclite_local.open(str(cloning_disk / "remote"), {})
    os.sync()
    before = os.statvfs(cloning_disk).f_bavail
    put, got = [], []

    remote.put("key", source, moved=put.append)
    remote.get("key", cloning_disk / "target", moved=got.append)
    os.sync()

    used = (before - os.statvfs(cloning_disk).f_bavail) * os.statvfs(cloning_disk).f_bsize
    assert used < 10 << 20
    assert sum(put) == sum(got) == 20 << 20
    assert (cloning_disk / "target").read_bytes() == source.read_bytes()
    remote.close()
