"""Every command, hurt at each change it makes: nothing is lost, nothing lies, run again it succeeds."""

import os
import re
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import pytest

if not os.path.isdir("/proc/self/fd"):
    pytest.skip("needs fork and /proc", allow_module_level=True)

import scene
from harness import CUTS, ERRORS, KILLS, LASTING, TORN, Stage, load_all, points, run, sweep
from invariants import (
    BOTH,
    check_kept,
    check_leftovers,
    check_names,
    check_outside,
    check_pointers,
    check_trees,
    data_of,
    lacking,
    outputs,
    outside,
    packed,
    partials,
    state_of,
)
from scene import VERSION_1, VERSION_2, holds

from dvclite.hashing import BLAKE3, hash_bytes, is_foreign
from dvclite.repo.repo import Repo

FAULTS = {"kills": KILLS + TORN, "cuts": CUTS, "errors": ERRORS, "lasting": LASTING}

MOST = {"kills": 16, "cuts": 8, "errors": 12, "lasting": 6}
"""How many points of each command a quick run takes."""

MOST_LEFT = 40
"""Leftovers of one killed command: what waits for its name together, and a lease."""


class Case(NamedTuple):
    """A command and what it begins with.

    Attributes:
        prepare: Makes what the command begins with.
        action: The command.
        reached: Says whether what was asked for is done.
        saved: Whether all that pointers name must be in the cache, at every moment.
    """

    prepare: Callable
    action: Callable
    reached: Callable
    saved: bool = True


def is_saved(version):
    def reached(folder):
        repo = folder / "repo"
        assert scene.names_only(repo) == ["data", "model"]
        assert holds(repo, version)
        check_pointers(repo)
        return True

    return reached


def has_workspace(version):
    return lambda folder: holds(folder / "repo", version)


def is_on_remote(folder):
    return all(not lacking(folder / "remote", output.oid) for output in outputs(folder / "repo"))


def is_in_cache(folder):
    cache = folder / "repo/.dvclite/cache"
    return all(not lacking(cache, output.oid) for output in outputs(folder / "repo"))


def is_in_cache_of_dvc(folder):
    cache = folder / "repo/.dvc/cache"
    return all(not lacking(cache, output.oid) for output in outputs(folder / "repo"))


def is_pulled_from_dvc(folder):
    return is_in_cache_of_dvc(folder) and scene.holds_files(folder / "repo", VERSION_1)


def is_pulled(folder):
    return is_in_cache(folder) and holds(folder / "repo", VERSION_1)


def is_removed(folder):
    repo = folder / "repo"
    return scene.names_only(repo) == ["model"] and holds(repo, VERSION_1)


def is_removed_with_data(folder):
    repo = folder / "repo"
    names = os.listdir(repo)
    return scene.names_only(repo) == ["model"] and "data" not in names and "model" in names


def is_moved(folder):
    repo = folder / "repo"
    os.rename(repo / "renamed", repo / "data")
    try:
        return scene.names_only(repo) == ["model", "renamed"] and holds(repo, VERSION_1)
    finally:
        os.rename(repo / "data", repo / "renamed")


def part_is_saved(folder):
    """What was named of the second version, and the rest of the first."""
    repo = folder / "repo"
    (data,) = [output for output in outputs(repo) if output.path == "data"]
    check_pointers(repo)
    return data.files == 9 - 1 + 1 and holds(repo, VERSION_2)


def with_links(kind, prepare):
    return lambda folder: prepare(folder, links=kind)


def with_loose_remote(prepare):
    return lambda folder: prepare(folder, layout="loose")


def beside_git(folder):
    scene.nothing_added(folder, git=True)


def is_hidden_from_git(folder):
    repo = folder / "repo"
    lines = (repo / ".gitignore").read_text().splitlines()
    return is_saved(VERSION_1)(folder) and lines == ["/build", "/data", "/model"]


def is_collected(folder):
    """What only the first version needs is not in its place any more."""
    oid = hash_bytes(VERSION_1["data/sub/c.csv"], BLAKE3)
    packs = (folder / "repo/.dvclite/cache/packs").glob("*/*")
    return is_saved(VERSION_2)(folder) and not any(oid in packed(pack) for pack in packs)


def is_migrated(to):
    """All pointers name data by one format, which is in charge, and the workspace is as it was."""

    def reached(folder):
        repo = folder / "repo"
        foreign = [is_foreign(output.oid, BOTH) for output in outputs(repo)]
        assert foreign == [to == "dvc"] * 2
        assert (repo / ".dvclite/config").exists() == (to == "native")
        assert all(status.is_clean for status in Repo.open(repo).status())
        return is_saved(VERSION_1)(folder)

    return reached


def is_out_of_lfs(folder):
    repo = folder / "repo"
    check_pointers(repo)
    listed = subprocess.run(
        ["git", "-C", str(repo), "ls-files"], check=True, capture_output=True, encoding="utf-8"
    ).stdout.split()
    assert [name for name in listed if name.endswith(".dvc")] == ["data.dvc", "model.dvc"]
    assert not any(name.startswith(("data/", ".gitattributes")) for name in listed)
    return all((repo / name).read_bytes() == data for name, data in VERSION_1.items())


CASES = {
    "add": Case(scene.nothing_added, scene.add, is_saved(VERSION_1)),
    "add again": Case(scene.version_2_written, scene.add, is_saved(VERSION_2)),
    "add a part": Case(scene.version_2_written, scene.add_part, part_is_saved),
    "commit": Case(scene.version_2_written, scene.commit, is_saved(VERSION_2)),
    "add with hard links": Case(
        with_links("hardlink", scene.nothing_added), scene.add, is_saved(VERSION_1)
    ),
    "add with symbolic links": Case(
        with_links("symlink", scene.nothing_added), scene.add, is_saved(VERSION_1)
    ),
    "add beside git": Case(beside_git, scene.add, is_hidden_from_git),
    "checkout hard links": Case(
        with_links("hardlink", scene.back_to_1), scene.checkout, has_workspace(VERSION_1)
    ),
    "checkout symbolic links": Case(
        with_links("symlink", scene.back_to_1), scene.checkout, has_workspace(VERSION_1)
    ),
    "checkout afresh": Case(scene.empty_workspace, scene.checkout, has_workspace(VERSION_1)),
    "checkout in groups": Case(
        scene.empty_workspace, scene.checkout_in_groups, has_workspace(VERSION_1)
    ),
    "checkout another": Case(scene.back_to_1, scene.checkout, has_workspace(VERSION_1)),
    "checkout by force": Case(
        scene.version_2_written, scene.checkout_forced, has_workspace(VERSION_1)
    ),
    "push": Case(scene.version_1_added, scene.push, is_on_remote),
    "push again": Case(scene.version_1_pushed, scene.push, is_on_remote),
    "push large files": Case(
        with_loose_remote(scene.version_1_added), scene.push_large, is_on_remote
    ),
    "fetch": Case(scene.cloned, scene.fetch, is_in_cache, saved=False),
    "fetch large files": Case(
        with_loose_remote(scene.cloned), scene.fetch_large, is_in_cache, saved=False
    ),
    "pull": Case(scene.cloned, scene.pull, is_pulled, saved=False),
    "pull large files": Case(
        with_loose_remote(scene.cloned), scene.pull_large, is_pulled, saved=False
    ),
    "add to DVC with help": Case(
        scene.nothing_added_to_dvc, scene.helped(scene.add), is_saved(VERSION_1)
    ),
    "checkout from DVC with help": Case(
        scene.empty_workspace_of_dvc,
        scene.helped(scene.checkout),
        lambda folder: scene.holds_files(folder / "repo", VERSION_1),
    ),
    "push from DVC with help": Case(scene.added_to_dvc, scene.helped(scene.push), is_on_remote),
    "fetch into DVC with help": Case(
        scene.cloned_of_dvc, scene.helped(scene.fetch), is_in_cache_of_dvc, saved=False
    ),
    "pull into DVC with help": Case(
        lambda folder: scene.cloned(folder, format="dvc"),
        scene.helped(scene.pull),
        is_pulled_from_dvc,
        saved=False,
    ),
    "remove": Case(scene.version_1_added, scene.remove, is_removed),
    "remove with data": Case(scene.version_1_added, scene.remove_outs, is_removed_with_data),
    "move": Case(scene.version_1_added, scene.move, is_moved),
    "migrate": Case(scene.added_to_dvc, scene.migrate, is_migrated("native")),
    "migrate the rest": Case(scene.migrated_by_half, scene.migrate, is_migrated("native")),
    "migrate symbolic links": Case(
        with_links("symlink", scene.added_to_dvc), scene.migrate, is_migrated("native")
    ),
    "migrate and fetch": Case(
        scene.cloned_of_dvc, scene.migrate_fetching, is_migrated("native"), saved=False
    ),
    "migrate back": Case(scene.version_1_added, scene.migrate_back, is_migrated("dvc")),
    "leave Git LFS": Case(scene.in_lfs, scene.leave_lfs, is_out_of_lfs),
    "gc": Case(scene.version_2_added, scene.collect, is_collected),
    "gc now": Case(scene.version_2_added, scene.collect_now, is_collected),
}


MUST_BE_DURABLE = re.compile(r"(?<!trash/....-..-..)/(files|packs)/|\.dvc$|/config$")
"""What is stored once a command ends well."""

GIVING_UP_TRACKING = {scene.remove, scene.remove_outs, scene.move}
"""Commands whose last change takes away what they are told to work on."""


@pytest.fixture(scope="session", autouse=True)
def loaded():
    """Import everything once, and not in each child."""
    load_all()


def check_point(case, folder, point, had, nobodys, checked):
    """Check everything after a command was hurt, run it again, and check that it succeeds.

    It is run again once from each state: that before a change is that after the last one.
    """
    outcome = point.outcome
    assert outcome.how != "hanging"
    check_names(folder)
    check_kept(had, folder)
    check_outside(folder, nobodys)
    check_trees(folder / "remote")
    if case.saved:
        check_pointers(folder / "repo")
    check_leftovers(folder, MOST_LEFT)
    if outcome.is_done:
        assert case.reached(folder), "it ended well, but what was asked for is not done"
        lost = [path for path in outcome.lost.paths(folder) if MUST_BE_DURABLE.search(path)]
        assert not lost, f"it ended well, and a power cut would take {lost}"
    elif outcome.how == "failed":
        assert not point.fault.harmless, "a short write must be gone on with"
        known = {"DvcliteError", "OSError"} & set(outcome.kinds)
        assert known, f"it ended with a traceback: {outcome.kinds[0]}"
    state = state_of(folder)
    if state in checked:
        return
    checked.add(state)
    again = run(lambda: case.action(folder))
    if "NotAnOutputError" in again.kinds and case.action in GIVING_UP_TRACKING:
        assert case.reached(folder), "it cannot go on, since it took the pointer away too early"
        return
    if (
        "UnsavedChangesError" in again.kinds
        and point.fault.cut
        and case.action is scene.remove_outs
    ):
        # Links that came back after the cut are in no cache: that is refused, and nothing is lost.
        check_kept(had, folder)
        return
    assert again.is_done, f"it does not succeed when it is run again: {again.error}"
    assert case.reached(folder), "run again it ended well, but what was asked for is not done"
    check_names(folder)
    check_kept(had, folder)
    check_leftovers(folder, MOST_LEFT)
    assert not partials(folder)


def hurt(case, scratch, faults, most=None):
    stage = Stage(scratch, case.prepare)
    stage.reset()
    folder = stage.folder
    had, nobodys = data_of(folder), outside(folder)
    checked = set()
    if case.action is scene.collect_now or case.action is scene.checkout_forced:
        had = kept_by_request(case, stage)
    if case.action is scene.leave_lfs:  # The texts of Git LFS are no data.
        had = {hash_bytes(data, BLAKE3) for data in VERSION_1.values()}

    def check(point):
        check_point(case, folder, point, had, nobodys, checked)

    found = points(lambda: case.action(folder), faults, prepare=stage.reset, most=most)
    return sweep(found, check)


def kept_by_request(case, stage):
    """Return what is left when a command that gives things up is through."""
    stage.reset()
    outcome = run(lambda: case.action(stage.folder))
    assert outcome.is_done, outcome.error
    return data_of(stage.folder)


@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("name", CASES)
def test_a_command_that_is_hurt_loses_nothing_and_succeeds_when_run_again(name, faults, scratch):
    hurt(CASES[name], scratch, FAULTS[faults], MOST[faults])


@pytest.mark.thorough
@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("name", CASES)
def test_a_command_that_is_hurt_anywhere_loses_nothing_and_succeeds_when_run_again(
    name, faults, scratch
):
    hurt(CASES[name], scratch, FAULTS[faults])
