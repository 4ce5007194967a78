"""The harness itself, on the smallest things that write: atomic files, staging, naming."""

import errno
import os
from pathlib import Path

import pytest

if not os.path.isdir("/proc/self/fd"):
    pytest.skip("needs fork and /proc", allow_module_level=True)

from harness import (
    CUTS,
    ERRORS,
    KILLS,
    LASTING,
    TORN,
    Stage,
    changes_of,
    files_below,
    points,
    run,
    sweep,
)

from dvclite.files import changes
from dvclite.files.atomic import PARTIAL_PREFIX, write_atomically
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging, make_folder

OLD, NEW = b"old" * 1000, b"new" * 2000
COUNT = 12
"""More than are flushed one by one."""


@pytest.fixture
def stage(scratch):
    """A folder with one file in it."""
    return Stage(scratch, lambda folder: (folder / "file").write_bytes(OLD))


def replace_file(folder):
    write_atomically(folder / "file", NEW)


def name_files(folder):
    with Staging(folder / "tmp") as staging:
        naming = Naming(folder, renaming(make_folder))
        for number in range(COUNT):
            partial = staging.new_path()
            fd = changes.create(partial)
            try:
                changes.write(fd, content(number))
            finally:
                changes.close(fd)
            naming.add(partial, str(folder / "files" / str(number % 3) / str(number)), 1)
        naming.finish()


def content(number):
    return b"%d" % number * 1000


def named(folder):
    return {int(path.name): path.read_bytes() for path in (folder / "files").glob("*/*")}


def test_the_changes_of_an_action_are_counted_in_their_order(stage):
    stage.reset()

    met = [change.call for change in changes_of(lambda: replace_file(stage.folder))]

    assert met == ["open", "write", "fsync", "close", "chmod", "replace", "fsync"]


def test_an_action_runs_in_a_child_and_tells_how_it_ended():
    def fail():
        raise FileNotFoundError(errno.ENOENT, "absent", "name")

    assert run(lambda: 7).value == 7
    assert "OSError" in run(fail).kinds
    assert run(lambda: os.kill(os.getpid(), 9)).how == "killed"


def test_an_action_that_hangs_is_ended(monkeypatch):
    import harness

    monkeypatch.setattr(harness, "PATIENCE", 1)

    assert run(lambda: os.read(os.pipe()[0], 1)).how == "hanging"


def test_every_change_has_its_turn_with_every_fault_that_can_happen_to_it(stage):
    found = list(
        points(lambda: replace_file(stage.folder), [*KILLS, *TORN, *ERRORS], prepare=stage.reset)
    )

    turns = {(point.fault.name, point.change.call) for point in found}
    for call in ("open", "write", "fsync", "chmod", "replace"):
        assert {("killed before", call), ("killed after", call), ("EIO", call)} <= turns
    assert ("killed within", "write") in turns
    assert ("a failing close", "close") in turns
    assert [point.outcome.how for point in found if point.fault in KILLS] == ["killed"] * 12
    assert {point.outcome.how for point in found if point.fault.harmless} == {"done"}
    assert {
        point.outcome.how
        for point in found
        if point.fault.name in ("EIO", "ENOSPC", "EACCES", "a failing close")
    } == {"failed"}


def test_a_stage_is_put_back_as_it_was(scratch):
    def prepare(folder):
        (folder / "a/b").mkdir(parents=True)
        (folder / "a/file").write_bytes(b"data")
        os.link(folder / "a/file", folder / "a/b/same")
        (folder / "link").symlink_to("a/file")
        os.chmod(folder / "a/file", 0o444)
        os.chmod(folder / "a/b", 0o750)

    stage = Stage(scratch, prepare)
    for _ in range(2):
        stage.reset()
        assert (stage.folder / "a/file").samefile(stage.folder / "a/b/same")
        assert os.readlink(stage.folder / "link") == "a/file"
        assert (stage.folder / "a/file").stat().st_mode & 0o777 == 0o444
        assert (stage.folder / "a/b").stat().st_mode & 0o777 == 0o750
        os.unlink(stage.folder / "a/b/same")
        (stage.folder / "more").touch()


def test_a_sweep_tells_of_every_point_that_went_wrong(stage):
    def replace_badly(folder):
        fd = changes.create(str(folder / "new"))
        changes.write(fd, NEW)
        changes.close(fd)
        changes.unlink(str(folder / "file"))
        changes.rename(str(folder / "new"), str(folder / "file"))

    def check(_point):
        assert (stage.folder / "file").exists()

    found = points(lambda: replace_badly(stage.folder), KILLS, prepare=stage.reset)
    with pytest.raises(AssertionError, match="2 of 8 points went wrong") as report:
        sweep(found, check)

    assert "killed after at change 3, unlink" in str(report.value)
    assert "killed before at change 4, replace" in str(report.value)


def write_unflushed(folder):
    """As `write_atomically`, but without flushing the content."""
    fd = changes.create(str(folder / "new"))
    changes.write(fd, NEW)
    changes.close(fd)
    changes.rename(str(folder / "new"), str(folder / "file"))
    write_atomically(folder / "done", b"")


def test_a_power_cut_takes_content_that_was_not_flushed(stage):
    def check(_point):
        assert (stage.folder / "file").read_bytes() in (OLD, NEW)

    found = points(lambda: write_unflushed(stage.folder), CUTS, prepare=stage.reset)
    with pytest.raises(AssertionError, match="went wrong") as report:
        sweep(found, check, shown=100)

    assert "a power cut that takes contents at change 5" in str(report.value)
    assert "takes names" not in str(report.value)
    assert run(lambda: write_unflushed(stage.folder)).lost.paths(stage.folder) == ["file"]


def test_a_power_cut_takes_names_that_were_not_flushed_and_brings_old_ones_back(stage):
    def action(folder):
        changes.make_folder(str(folder / "folder"))
        changes.close(changes.create(str(folder / "folder" / "new")))
        changes.unlink(str(folder / "file"))
        changes.rename(str(folder / "folder" / "new"), str(folder / "second"))
        changes.remove_folder(str(folder / "folder"))
        changes.flush_filesystem(os.open(folder, os.O_RDONLY))

    kept = set()

    def check(point):
        kept.add(tuple(sorted(os.listdir(stage.folder))))
        assert point.number == 1 or (stage.folder / "file").read_bytes() == OLD

    found = points(lambda: action(stage.folder), CUTS[1:], prepare=stage.reset)
    sweep(found, check)

    assert kept == {("file",)}
    assert run(lambda: action(stage.folder)).lost.paths(stage.folder) == []


@pytest.mark.parametrize(
    "faults", [KILLS + TORN, CUTS, ERRORS, LASTING], ids=["kills", "cuts", "errors", "lasting"]
)
def test_a_file_is_replaced_whole_or_not_at_all(stage, faults):
    file = stage.folder / "file"

    def check(point):
        assert file.read_bytes() in (OLD, NEW)
        if point.outcome.is_done:
            assert file.read_bytes() == NEW
            assert point.outcome.lost.paths(stage.folder) == []
        left = [name for name in os.listdir(stage.folder) if name != "file"]
        assert len(left) <= 1
        assert all(name.startswith(PARTIAL_PREFIX) for name in left)
        again = run(lambda: replace_file(stage.folder))
        assert again.is_done, again.error
        assert file.read_bytes() == NEW
        assert os.listdir(stage.folder) == ["file"]

    sweep(points(lambda: replace_file(stage.folder), faults, prepare=stage.reset), check)


@pytest.mark.parametrize(
    "faults", [KILLS + TORN, CUTS, ERRORS, LASTING], ids=["kills", "cuts", "errors", "lasting"]
)
def test_a_name_stands_for_whole_content_and_all_are_there_when_naming_is_done(
    stage, faults, thoroughly
):
    most = None if thoroughly else 60
    whole = {number: content(number) for number in range(COUNT)}

    def check(point):
        found = named(stage.folder)
        assert found.items() <= whole.items()
        if point.outcome.is_done:
            assert found == whole
            lost = point.outcome.lost.paths(stage.folder)
            assert not [path for path in lost if path.startswith("files")]
        cannot_clean_up = point.fault.lasts or point.change.call in ("unlink", "rmdir")
        if point.outcome.how != "killed" and not cannot_clean_up:
            assert files_below(stage.folder / "tmp") == []
        again = run(lambda: name_files(stage.folder))
        assert again.is_done, again.error
        assert named(stage.folder) == whole
        assert os.listdir(stage.folder / "tmp") == []

    found = points(lambda: name_files(stage.folder), faults, prepare=stage.reset, most=most)
    assert sweep(found, check).points > 25


def test_hundreds_of_points_take_a_second(stage, capsys):
    found = points(lambda: name_files(stage.folder), KILLS, prepare=stage.reset)

    swept = sweep(found, lambda point: None)

    with capsys.disabled():
        print(f"\n  {swept.points / max(swept.seconds, 0.1):.0f} points a second")
    assert Path(stage.folder).exists()
