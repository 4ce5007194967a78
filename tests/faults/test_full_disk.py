"""Disks that are really full: one clear error, nothing lost, and going on once there is room."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from images import EXT4, mounted, why_not
from invariants import (
    check_names,
    check_pointers,
    check_trees,
    leftovers,
    missing,
    outputs,
    partials,
)

from dvclite.repo.repo import Repo

FILES, SMALL, BIG = 60, 20_000, 2 << 20
NEEDED = FILES * (SMALL // 4096 + 1) * 4096 + BIG
"""What one copy of the data takes on a disk, in bytes."""


class Desk:
    """A repository, its cache and its remote, one of which is on a small disk.

    Attributes:
        disk: Where the small disk is mounted.
        data: What the user's files hold, by path.
    """

    def __init__(self, image, scratch, cli, on):
        self.disk = image.place
        self._image = image
        self._cli = cli
        places = {name: scratch / "elsewhere" / name for name in ("repo", "cache", "remote")}
        places[on] = self.disk / on
        self.repo, self.cache, self.remote = places.values()
        self.repo.mkdir(parents=True)
        Repo.init(self.repo, scm=False)
        with (self.repo / ".dvclite/config").open("a") as config:
            config.write(f"    remote = store\n[cache]\n    dir = {self.cache}\n")
            config.write(f"['remote \"store\"']\n    url = {self.remote}\n")
        noise = random.Random(3)
        for number in range(FILES):
            path = self.repo / f"data/{number % 7}/{number}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(noise.randbytes(SMALL))
        (self.repo / "model").write_bytes(noise.randbytes(BIG))
        self.data = self.contents()

    def type(self, *words):
        return self._cli(*words, cwd=self.repo)

    def succeed(self, *words):
        done = self.type(*words)
        assert done.exit_code == 0, done.stderr

    def contents(self):
        files = [self.repo / "model", *self.repo.glob("data/*/*")]
        return {str(path): path.read_bytes() for path in files if path.exists()}

    def lose(self, *paths):
        for path in paths:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def fill(self, room):
        """Leave so many bytes on the small disk."""
        self._image.flush()
        with open(self.disk / "filler", "wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, self._image.free() - room)
        self._image.flush()

    def make_room(self):
        (self.disk / "filler").unlink()
        self._image.flush()


def nothing_added(desk):
    pass


def added(desk):
    desk.succeed("add", "data", "model")


def empty_workspace(desk):
    added(desk)
    desk.lose(desk.repo / "data", desk.repo / "model")


def cloned(desk):
    added(desk)
    desk.succeed("push")
    desk.lose(desk.repo / "data", desk.repo / "model", desk.cache)


def is_saved(desk):
    assert sorted(output.path for output in outputs(desk.repo)) == ["data", "model"]
    check_pointers(desk.repo, desk.cache)
    assert desk.contents() == desk.data


def is_fetched(desk):
    check_pointers(desk.repo, desk.cache)


def is_restored(desk):
    assert desk.contents() == desk.data


def is_pushed(desk):
    assert not any(missing(desk.remote, output.oid) for output in outputs(desk.repo))


class Case(NamedTuple):
    """A command that meets a full disk.

    Attributes:
        on: What is on that disk.
        prepare: What comes before.
        words: The command.
        check: Raises unless what was asked for is done.
        exit_code: What the command ends with.
    """

    on: str
    prepare: Callable
    words: tuple[str, ...]
    check: Callable
    exit_code: int = 1


CASES = {
    "add to a full cache": Case("cache", nothing_added, ("add", "data", "model"), is_saved),
    "fetch to a full cache": Case("cache", cloned, ("fetch",), is_fetched),
    "pull to a full cache": Case("cache", cloned, ("pull",), is_saved),
    "checkout to a full disk": Case("repo", empty_workspace, ("checkout",), is_restored),
    "pull to a full disk": Case("repo", cloned, ("pull",), is_saved),
    "push to a full disk": Case("remote", added, ("push",), is_pushed, exit_code=8),
}


@pytest.fixture
def image(scratch):
    if reason := why_not(EXT4):
        pytest.skip(reason)
    with mounted(scratch, EXT4, 24 << 10) as image:
        yield image


@pytest.mark.parametrize("percent", [2, 45, 90])
@pytest.mark.parametrize("name", CASES)
def test_a_command_on_a_full_disk_says_so_loses_nothing_and_goes_on_later(
    name, percent, image, scratch, cli
):
    case = CASES[name]
    desk = Desk(image, scratch, cli, case.on)
    case.prepare(desk)
    before = desk.contents()
    desk.fill(NEEDED * percent // 100)

    done = desk.type(*case.words)

    assert done.exit_code == case.exit_code, done.stderr
    errors, hints = told(done.stderr, "error: "), told(done.stderr, "hint: ")
    assert len(errors) == 1
    assert f"make room on the disk at {desk.disk}, then run the same command again" in hints
    for place in (desk.disk, desk.repo, desk.cache, desk.remote):
        assert not leftovers(place)
    check_names(desk.cache)
    check_names(desk.remote)
    check_trees(desk.remote)
    assert before.items() <= desk.contents().items() <= desk.data.items()

    desk.make_room()
    desk.succeed(*case.words)

    case.check(desk)
    assert not leftovers(desk.disk)
    assert not partials(desk.disk)


def test_files_are_replaced_where_there_is_not_room_for_all_of_them_twice(image, scratch, cli):
    desk = Desk(image, scratch, cli, "repo")
    desk.lose(desk.repo / "model")
    first = desk.contents()
    desk.succeed("add", "data")
    pointer = (desk.repo / "data.dvc").read_bytes()
    for path in first:
        Path(path).write_bytes(Path(path).read_bytes()[::-1])
    desk.succeed("commit")
    (desk.repo / "data.dvc").write_bytes(pointer)
    desk.fill(NEEDED // 5)

    desk.succeed("checkout")

    assert desk.contents() == first
    assert not leftovers(desk.disk)


def told(stderr, beginning):
    return [
        line.removeprefix(beginning) for line in stderr.splitlines() if line.startswith(beginning)
    ]
