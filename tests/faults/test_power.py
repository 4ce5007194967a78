"""Power cuts on real file systems: what a command promised is there when the machine is back."""

import itertools
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import pytest

if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

import scene
from harness import Stage, changes_of, load_all, run
from images import BTRFS, EXT4, NODELALLOC, WRITEBACK, XFS, mounted, why_not
from invariants import (
    check_kept,
    check_names,
    check_pointers,
    check_trees,
    data_of,
    digest,
    missing,
    outputs,
)
from scene import VERSION_1, VERSION_2, holds, names_only

from dvclite.errors import DvcliteError

SYSTEMS = [EXT4, NODELALLOC, BTRFS, XFS]
FILES, BIG = 300, 5 << 20


@pytest.fixture
def image(request, scratch):
    """A file system that was just made."""
    if reason := why_not(request.param):
        pytest.skip(reason)
    with mounted(scratch, request.param) as image:
        yield image


class Machine:
    """A repository with its cache, its workspace and its remote on one image."""

    def __init__(self, image, cli):
        self.image = image
        self.repo = image.place / "repo"
        self.cache = self.repo / ".dvclite/cache"
        self.remote = image.place / "remote"
        self._cli = cli
        self._random = random.Random(7)
        self.repo.mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=self.repo, check=True)
        self.type("init")
        self.type("remote", "add", "--default", "store", self.remote)
        (self.repo / "data/sub").mkdir(parents=True)
        for number in range(FILES):
            self.write(f"data/{'sub/' * (number % 2)}{number}", 1000 + number)
        self.write("model", BIG)
        image.flush()

    def write(self, path, size):
        (self.repo / path).write_bytes(self._random.randbytes(size))

    def lose(self, *paths):
        """Remove folders and files for good."""
        for path in paths:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.image.flush()

    def type(self, *words):
        done = self._cli(*words, cwd=self.repo)
        assert done.exit_code == 0, done.stderr

    def type_and_cut(self, *words, check):
        """Type a command and cut the power the moment that it has ended; check what is left."""
        self.type(*words)
        for _ in self.image.cuts():
            check()

    def data(self):
        """Return the hashes of the data in the workspace, by path."""
        files = [self.repo / "model", *self.repo.glob("data/**/*")]
        return {str(path): digest(path) for path in files if path.is_file()}

    def is_saved(self, data):
        """Check that pointers, trees and blobs are there, and that git would leave the data alone."""
        found = outputs(self.repo)
        assert sorted(output.path for output in found) == ["data", "model"]
        check_pointers(self.repo)
        check_names(self.cache)
        assert set(data.values()) <= data_of(self.cache)
        (output,) = [output for output in found if output.path == "data"]
        assert output.files == len(data) - 1
        assert (self.repo / ".gitignore").read_text().splitlines() == ["/data", "/model"]
        assert self.data() == data

    def is_pushed(self, data):
        check_names(self.remote)
        check_trees(self.remote)
        assert [missing(self.remote, output.oid) for output in outputs(self.repo)] == [[], []]
        self.is_saved(data)


@pytest.mark.parametrize("image", SYSTEMS, ids=str, indirect=True)
def test_what_a_command_promised_survives_a_power_cut_the_moment_it_ends(image, cli):
    machine = Machine(image, cli)
    repo, cache = machine.repo, machine.cache
    data = machine.data()

    machine.type_and_cut("add", "data", "model", check=lambda: machine.is_saved(data))

    machine.write("data/1", 5000)
    machine.write("data/new", 100)
    machine.lose(repo / "data/2", repo / "data/4")
    changed = machine.data()
    machine.type_and_cut("commit", check=lambda: machine.is_saved(changed))
    machine.type_and_cut("push", check=lambda: machine.is_pushed(changed))

    machine.lose(cache)
    machine.type_and_cut("fetch", check=lambda: machine.is_pushed(changed))

    machine.lose(repo / "data", repo / "model")
    machine.type_and_cut("checkout", check=lambda: machine.is_saved(changed))

    machine.lose(cache, repo / "data", repo / "model")
    machine.type_and_cut("pull", check=lambda: machine.is_saved(changed))

    machine.write("data/1", 6000)
    machine.type("add", "data")
    machine.image.flush()
    again = machine.data()
    machine.type_and_cut("gc", "--now", "--force", check=lambda: machine.is_saved(again))


class Case(NamedTuple):
    """A command, and what it begins with.

    Attributes:
        prepare: Makes what the command begins with.
        action: The command.
        reached: Says whether what was asked for is done.
    """

    prepare: Callable
    action: Callable
    reached: Callable


def is_saved(version):
    def reached(folder):
        return holds(folder / "repo", version) and is_in_cache(folder)

    return reached


def is_in_cache(folder):
    check_pointers(folder / "repo")
    return names_only(folder / "repo") == ["data", "model"]


def is_restored(folder):
    return holds(folder / "repo", VERSION_1)


def is_pushed(folder):
    return not any(missing(folder / "remote", one.oid) for one in outputs(folder / "repo"))


def push_by_many(folder):
    scene.opened(folder).push(jobs=8)


CASES = {
    "add": Case(scene.nothing_added, scene.add, is_saved(VERSION_1)),
    "commit": Case(scene.version_2_written, scene.commit, is_saved(VERSION_2)),
    "push": Case(scene.version_1_added, scene.push, is_pushed),
    "push by many": Case(scene.version_1_added, push_by_many, is_pushed),
    "fetch": Case(scene.cloned, scene.fetch, is_in_cache),
    "pull": Case(scene.cloned, scene.pull, is_saved(VERSION_1)),
    "checkout afresh": Case(scene.empty_workspace, scene.checkout, is_restored),
    "checkout another": Case(scene.back_to_1, scene.checkout, is_restored),
    "gc": Case(scene.version_2_added, scene.collect, is_saved(VERSION_2)),
}

DECISIVE = ("fsync", "syncfs", "replace", "link")
"""Changes before which a cut tells most: they decide what is kept, and under which name."""

MOST = 8
"""How many cuts within each command a quick run takes."""


@pytest.fixture
def loaded(monkeypatch):
    """Import everything once, and not in each child."""
    monkeypatch.setattr(Stage, "graveyard", "")
    load_all()


class Experiment:
    """A command on an image, and the power that is cut while it runs.

    Attributes:
        place: Where everything is.
        decisive: How many decisive changes the command makes.
    """

    def __init__(self, case, image, scratch):
        self.place = image.place
        self._case = case
        self._image = image
        self._scratch = scratch
        self._start = scratch / "start"
        succeed(lambda: case.prepare(image.place))
        image.flush()
        image.copy(self._start)
        self._had = data_of(image.place)
        before = self._contents()
        met = changes_of(lambda: case.action(image.place))
        self.decisive = sum(change.call in DECISIVE for change in met)
        after = self._contents()
        self._allowed = {path: {before.get(path), after.get(path)} for path in before | after}

    def check_end(self):
        """Cut the power at the end of the command, which has run once."""
        for _ in self._image.cuts():
            assert self._case.reached(self.place), "it ended well, and a power cut took of it"
            self._check_stores()

    def cuts_within(self, *, journal, most):
        """Run the command again, and yield what the disk was before some decisive changes.

        Args:
            journal: Whether names were written to the disk just before.
            most: How many, spread evenly.
        """
        every = -(-self.decisive // most)
        folder = self._scratch / "cuts"
        folder.mkdir()
        count = itertools.count()

        def meet(change):
            if change.call in DECISIVE and (number := next(count)) % every == every // 2:
                if journal:
                    self._image.push_journal()
                self._image.copy(folder / f"{number:04} before {change.call}")
            return change.perform()

        self._image.restart(self._start)
        succeed(lambda: self._case.action(self.place), meet)
        for copy in sorted(folder.iterdir()):
            self._image.restart(copy)
            yield copy.name

    def check_within(self):
        """Check what a cut has left, run the command again, and check that it succeeds."""
        self._check_stores()
        check_kept(self._had, self.place)
        for output in outputs(self.place / "repo"):
            stores = [self.place / "repo/.dvclite/cache", self.place / "remote"]
            assert not all(missing(store, output.oid) for store in stores)
        for path, oid in self._contents().items():
            assert oid in self._allowed[path], f"{path} holds what it never should"
        again = run(lambda: self._case.action(self.place))
        assert again.is_done, f"it does not succeed when it is run again: {again.error}"
        assert self._case.reached(self.place)
        self._check_stores()

    def _check_stores(self):
        check_names(self.place)
        check_trees(self.place / "remote")

    def _contents(self):
        repo = self.place / "repo"
        files = [repo / "model", *repo.glob("data/**/*")]
        return {str(path.relative_to(repo)): digest(path) for path in files if path.is_file()}


def succeed(action, meet=None):
    outcome = run(action, meet)
    assert outcome.is_done, outcome.error


def try_cuts(case, image, scratch, *, journal, most):
    experiment = Experiment(case, image, scratch)
    experiment.check_end()
    wrong, cuts = [], 0
    for name in experiment.cuts_within(journal=journal, most=most):
        cuts += 1
        try:
            experiment.check_within()
        except AssertionError as error:
            wrong.append(f"\n\n{name}: {error}")
    assert cuts
    assert not wrong, f"{len(wrong)} of {cuts} cuts went wrong:" + "".join(wrong[:5])


@pytest.mark.parametrize("image", [EXT4], ids=str, indirect=True)
@pytest.mark.parametrize("name", CASES)
def test_a_cut_within_a_command_leaves_nothing_torn(image, name, scratch, loaded):
    try_cuts(CASES[name], image, scratch, journal=True, most=MOST)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("image", "journal"),
    [(EXT4, False), (WRITEBACK, True), (BTRFS, True), (XFS, True)],
    ids=str,
    indirect=["image"],
)
@pytest.mark.parametrize("name", CASES)
def test_no_file_system_leaves_anything_torn_by_a_cut(image, name, journal, scratch, loaded):
    try_cuts(CASES[name], image, scratch, journal=journal, most=2 * MOST)


def flush_nothing(_fd):
    """Stand in for every flush."""


def flush_names_alone(fd):
    """Stand in for the flush of a file or folder, where those of files are left out."""
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.fsync(fd)


@pytest.mark.parametrize("image", [EXT4], ids=str, indirect=True)
@pytest.mark.parametrize("flush", [flush_nothing, flush_names_alone])
@pytest.mark.parametrize("name", [name for name in CASES if name != "gc"])
def test_a_cut_shows_that_something_was_not_flushed(
    image, name, flush, scratch, loaded, monkeypatch
):
    monkeypatch.setattr("dvclite.files.changes.flush", flush)
    monkeypatch.setattr("dvclite.files.changes.flush_filesystem", flush_nothing)
    experiment = Experiment(CASES[name], image, scratch)

    # What is not there, and what is there without its content, is noticed in many ways.
    with pytest.raises((AssertionError, OSError, DvcliteError)):
        experiment.check_end()
