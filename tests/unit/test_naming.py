"""Nothing has a final name before its content survives a power cut."""

import errno
import os
import sys
from pathlib import Path

import pytest

from dvclite.files import changes, naming
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import make_folder

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")

FEW, MANY = 3, 20
"""Flushed one by one, and all together."""


class Recording:
    """The `os` module, which writes down what was done to which file, and may fail."""

    def __init__(self, fail=lambda call, path: False):
        self.calls = []
        self._fail = fail
        self._paths = {}

    def __getattr__(self, name):
        return getattr(os, name)

    def record(self, call, path):
        self.calls.append((call, path))
        if self._fail(call, path):
            raise OSError(errno.EIO, os.strerror(errno.EIO), path)

    def write(self, fd, data):
        self.record("write", path_of(fd))
        return os.write(fd, data)

    def fsync(self, fd):
        self.record("flush", path_of(fd))
        os.fsync(fd)

    def flush_filesystem(self, fd):
        self.record("flush all", path_of(fd))

    def replace(self, source, target, **options):
        self.record("rename", source)
        os.replace(source, target, **options)
        self.calls.append(("named", target))

    def mkdir(self, path, *rest, **options):
        self.record("mkdir", path)
        os.mkdir(path, *rest, **options)


def path_of(fd):
    return os.readlink(f"/proc/self/fd/{fd}")


@pytest.fixture
def recording(monkeypatch):
    """Make every change go through a recorder: `recording(fail=...) -> Recording`."""

    def start(**options):
        recorder = Recording(**options)
        monkeypatch.setattr(changes, "os", recorder)
        monkeypatch.setattr(changes, "flush_filesystem", recorder.flush_filesystem)
        return recorder

    return start


@pytest.fixture
def place(tmp_path):
    """Where files are staged and named."""
    (tmp_path / "tmp").mkdir()
    return tmp_path


def stage(place, naming, count, begin=0):
    """Write files and let them wait for their names; return pairs of paths."""
    pairs = []
    for number in range(begin, begin + count):
        partial = str(place / "tmp" / str(number))
        final = str(place / "files" / f"{number % 3:02}" / str(number))
        fd = changes.create(partial)
        changes.write(fd, b"content %d" % number)
        changes.close(fd)
        naming.add(partial, final, 9)
        pairs.append((partial, final))
    return pairs


def assert_flushed_between(calls, before, after):
    """Assert that what `before` did to a file was flushed when `after` came."""
    since = calls[calls.index(before) + 1 : calls.index(after)]
    assert ("flush", before[1]) in since or any(call == "flush all" for call, _ in since)


@linux
@pytest.mark.parametrize("count", [1, FEW, MANY])
@pytest.mark.parametrize("has_syncfs", [True, False])
def test_every_file_is_flushed_before_it_is_named_and_every_name_after(
    place, recording, monkeypatch, count, has_syncfs
):
    monkeypatch.setattr(naming, "has_syncfs", lambda _place: has_syncfs)
    recorder = recording()
    names = Naming(place, renaming(make_folder))

    pairs = stage(place, names, count)
    assert not any(os.path.exists(final) for _, final in pairs)
    names.finish()

    calls = recorder.calls
    for partial, final in pairs:
        assert_flushed_between(calls, ("write", partial), ("rename", partial))
        after = calls[calls.index(("named", final)) :]
        flushed = {path for call, path in after if call == "flush"}
        assert os.path.dirname(final) in flushed or any(call == "flush all" for call, _ in after)
        assert Path(final).read_text() == "content " + Path(partial).name
    assert os.listdir(place / "tmp") == []
    together = sum(call == "flush all" for call, _ in calls)
    assert together == (1 if has_syncfs and count == MANY else 0)


@linux
def test_folders_that_had_to_be_made_survive_a_power_cut_too(place, recording):
    recorder = recording()
    names = Naming(place, renaming(make_folder))

    stage(place, names, FEW)
    names.finish()

    made = [path for call, path in recorder.calls if call == "mkdir"]
    assert made
    for path in made:
        after = recorder.calls[recorder.calls.index(("mkdir", path)) :]
        assert ("flush", os.path.dirname(path)) in after


@linux
@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("has_syncfs", [True, False])
def test_after_a_failed_flush_nothing_is_named_and_nothing_stays(
    place, recording, monkeypatch, count, has_syncfs
):
    monkeypatch.setattr(naming, "has_syncfs", lambda _place: has_syncfs)
    last = str(place / "tmp" / str(count - 1))
    recorder = recording(
        fail=lambda call, path: call == "flush all" or (call, path) == ("flush", last)
    )
    names = Naming(place, renaming(make_folder))

    stage(place, names, count)
    with pytest.raises(OSError, match="Input/output error"):
        names.finish()

    assert not any(call == "rename" for call, _ in recorder.calls)
    assert os.listdir(place) == ["tmp"]
    assert os.listdir(place / "tmp") == []
    flushes = [path for call, path in recorder.calls if call.startswith("flush")]
    assert len(flushes) == len(set(flushes)), "a failed flush must not be repeated"


@linux
def test_after_a_failed_rename_what_is_named_is_whole_and_nothing_else_stays(place, recording):
    fifth = str(place / "tmp" / "4")
    recording(fail=lambda call, path: (call, path) == ("rename", fifth))
    names = Naming(place, renaming(make_folder))

    pairs = stage(place, names, MANY)
    with pytest.raises(OSError, match="Input/output error"):
        names.finish()

    named = [final for _, final in pairs if os.path.exists(final)]
    assert len(named) == 4
    assert all(Path(path).read_text().startswith("content") for path in named)
    assert os.listdir(place / "tmp") == []


@linux
def test_a_failed_flush_of_the_names_is_an_error(place, recording):
    recording(fail=lambda call, path: call == "flush" and path == str(place / "files" / "00"))
    names = Naming(place, renaming(make_folder))

    stage(place, names, 1)
    with pytest.raises(OSError, match="Input/output error"):
        names.finish()


def test_the_next_group_is_named_after_a_failure(place, monkeypatch):
    names = Naming(place, renaming(make_folder))
    stage(place, names, FEW)
    names.discard()
    assert os.listdir(place / "tmp") == []

    pairs = stage(place, names, FEW)
    names.finish()

    assert all(os.path.exists(final) for _, final in pairs)


def test_naming_takes_the_place_of_what_had_the_name(place):
    names = Naming(place, renaming(make_folder))
    for _ in range(2):
        pairs = stage(place, names, FEW)
        names.finish()

    assert all(os.path.exists(final) for _, final in pairs)


@linux
@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("has_syncfs", [True, False])
def test_a_group_is_flushed_while_the_next_is_written_and_named_before_it(
    place, recording, monkeypatch, count, has_syncfs
):
    monkeypatch.setattr(naming, "has_syncfs", lambda _place: has_syncfs)
    recorder = recording()
    names = Naming(place, renaming(make_folder))

    first = stage(place, names, count)
    names.advance()
    assert not any(os.path.exists(final) for _, final in first)
    second = stage(place, names, count, begin=count)
    names.advance()
    assert all(os.path.exists(final) for _, final in first)
    assert not any(os.path.exists(final) for _, final in second)
    names.finish()

    calls = recorder.calls
    for partial, final in first + second:
        assert_flushed_between(calls, ("write", partial), ("rename", partial))
        after = calls[calls.index(("named", final)) :]
        flushed = {path for call, path in after if call == "flush"}
        assert os.path.dirname(final) in flushed or any(call == "flush all" for call, _ in after)
    assert os.listdir(place / "tmp") == []


@linux
@pytest.mark.parametrize("end", [Naming.advance, Naming.finish])
def test_after_a_flush_that_failed_meanwhile_nothing_more_is_named_and_nothing_stays(
    place, recording, end
):
    recorder = recording(fail=lambda call, _path: call == "flush all")
    names = Naming(place, renaming(make_folder))

    stage(place, names, MANY)
    names.advance()
    stage(place, names, MANY, begin=MANY)
    with pytest.raises(OSError, match="Input/output error"):
        end(names)

    assert not any(call == "rename" for call, _ in recorder.calls)
    assert os.listdir(place) == ["tmp"]
    assert os.listdir(place / "tmp") == []


def test_nothing_waiting_is_nothing_to_do(place):
    names = Naming(place, renaming(make_folder))
    names.finish()
    names.discard()

    assert os.listdir(place) == ["tmp"]


def test_a_file_that_vanished_while_it_waited_is_an_error(place):
    names = Naming(place, renaming(make_folder))
    ((partial, _), *_rest) = stage(place, names, FEW)
    os.unlink(partial)

    with pytest.raises(FileNotFoundError):
        names.finish()

    assert os.listdir(place / "tmp") == []


def test_it_is_full_after_many_files_or_many_bytes(place):
    names = Naming(place, renaming(make_folder))
    for number in range(naming._MOST_FILES):
        assert not names.is_full
        names.add(str(place / "tmp" / str(number)), str(place / "final"), 1)
    assert names.is_full
    names.discard()
    assert not names.is_full

    names.add(str(place / "tmp" / "x"), str(place / "final"), naming._MOST_BYTES)
    assert names.is_full
    names.discard()


@linux
def test_what_the_file_system_can_do_is_asked_once(place, monkeypatch):
    asked = []
    monkeypatch.setattr(naming, "has_syncfs", asked.append)
    names = Naming(place, renaming(make_folder))
    for _ in range(2):
        stage(place, names, MANY)
        names.finish()

    assert asked == [str(place)]


@linux
def test_no_descriptor_is_left_open(place):
    before = len(os.listdir("/proc/self/fd"))

    for end in (Naming.finish, Naming.discard):
        names = Naming(place, renaming(make_folder))
        stage(place, names, MANY)
        end(names)
    stage(place, names, MANY)
    names.advance()
    names.finish()

    assert len(os.listdir("/proc/self/fd")) == before


def test_what_waits_for_long_is_overdue(place, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(naming, "monotonic", lambda: now[0])
    names = Naming(place, renaming(make_folder))
    assert not names.is_overdue

    for second, name in enumerate("ab"):
        now[0] = 100.0 + second
        (place / name).write_bytes(b"content")
        names.add(str(place / name), str(place / f"final-{name}"), 7)
    assert not names.is_overdue
    now[0] = 105.0
    assert names.is_overdue

    names.finish()
    assert not names.is_overdue
