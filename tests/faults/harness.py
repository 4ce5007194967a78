"""Faults at every change that dvclite makes to the file system.

`dvclite.files.changes` is the only door to the disk. A forked child gets it with a proxy in place
of the `os` module; the k-th change of an action then dies, before or after it takes effect, or
fails. The changes are counted first, so that every one of them has its turn:

    for point in points(action, KILLS, prepare=copy_of_a_folder):
        ...  # `action` was run in a child and hurt at this point; `point.outcome` tells how it ended

Everything that happens happens in children: what they remember, open or lock is gone with them.
"""

import errno
import gc
import importlib
import os
import pickle
import pkgutil
import shutil
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from disk import Disk, Lost

from dvclite import database
from dvclite.files import changes
from dvclite.statcache.rows import signature
from dvclite.statcache.statcache import StatCache

STAT_CACHES = (".dvclite/tmp/stat.db", ".dvc/tmp/dvclite/stat.db")
"""Where repositories of either format remember stats, below their roots."""

PATIENCE = 60
"""Seconds after which a child counts as hanging."""

CHANGES = {
    **dict.fromkeys(("open", "mkdir", "unlink", "rmdir", "chmod", "utime"), "path"),
    **dict.fromkeys(("write", "pwrite", "close", "fsync", "ftruncate"), "descriptor"),
    **dict.fromkeys(("replace", "link", "symlink"), "target"),
}
"""The calls of `os` that `dvclite.files.changes` changes things with, and what they name."""

REMEMBERING = "sqlite"
"""How a transaction of the stat cache is called, which changes the disk by itself."""


class Change(NamedTuple):
    """One change: the call that makes it, what it is made to, and how it is done."""

    call: str
    path: str
    perform: Callable[[], Any] | None = None
    arguments: tuple[Any, ...] = ()
    source: str = ""

    def __str__(self) -> str:
        return f"{self.call} {self.path}"


class Fault(NamedTuple):
    """A way in which changes go wrong.

    Attributes:
        name: As it stands in reports.
        hurt: Is called in place of the change.
        calls: Which calls it can happen to; empty for all.
        lasts: Whether it happens to all such changes from the k-th on.
        harmless: Whether the action must succeed all the same.
        cut: What a power cut takes: `contents` or `names`; empty where there is none.
    """

    name: str
    hurt: Callable[[Change], Any]
    calls: frozenset[str] = frozenset()
    lasts: bool = False
    harmless: bool = False
    cut: str = ""

    def can_hurt(self, call: str) -> bool:
        return call in self.calls if self.calls else call not in ("close", REMEMBERING)


def _die(change: Change) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _cut(change: Change) -> None:
    _Child.here.tell(Outcome("killed"))
    _die(change)


def _die_after(change: Change) -> None:
    try:
        change.perform()
    finally:
        _die(change)


def _die_within(change: Change) -> None:
    fd, data = change.arguments
    os.write(fd, memoryview(data)[: len(data) // 2])
    _die(change)


def _write_half(change: Change) -> int:
    fd, data = change.arguments
    return os.write(fd, memoryview(data)[: max(1, len(data) // 2)])


def _write_half_and_fail(change: Change) -> None:
    _write_half(change)
    _fail(errno.ENOSPC)(change)


def _fail(code: int) -> Callable[[Change], None]:
    def fail(change: Change) -> None:
        raise OSError(code, os.strerror(code), change.path)

    return fail


def _close_and_fail(change: Change) -> None:
    change.perform()
    _fail(errno.EIO)(change)


_ALL = frozenset({*CHANGES, "clone", "syncfs", REMEMBERING})
_WRITES = frozenset({"write"})
_FLUSHES = frozenset({"fsync", "syncfs"})
_TAKING_ROOM = frozenset({"open", "write", "mkdir", "symlink", "link", "clone", "replace"})
_CHANGING = _ALL - _FLUSHES - {"close", REMEMBERING}

KILLS = (
    Fault("killed before", _die, _ALL - {"close"}),
    Fault("killed after", _die_after, _ALL - {"close"}),
)
CUTS = (
    Fault("a power cut that takes contents", _cut, _ALL - {"close"}, cut="contents"),
    Fault("a power cut that takes names", _cut, _ALL - {"close"}, cut="names"),
)
TORN = (Fault("killed within", _die_within, _WRITES),)
ERRORS = (
    Fault("EIO", _fail(errno.EIO)),
    Fault("ENOSPC", _fail(errno.ENOSPC), _TAKING_ROOM),
    Fault("EACCES", _fail(errno.EACCES), _CHANGING - {"write"}),
    Fault("a short write", _write_half, _WRITES, harmless=True),
    Fault("a short write, then ENOSPC", _write_half_and_fail, _WRITES),
    Fault("a failing close", _close_and_fail, frozenset({"close"})),
)
LASTING = (
    Fault("a full disk from here on", _fail(errno.ENOSPC), _TAKING_ROOM - {"replace"}, lasts=True),
    Fault("a read-only disk from here on", _fail(errno.EROFS), _CHANGING, lasts=True),
    Fault(
        "a failing disk from here on", _fail(errno.EIO), _ALL - {"close", REMEMBERING}, lasts=True
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended in its child.

    Attributes:
        how: `done`, `failed` or `killed`.
        value: What it returned.
        error: What it raised, as text; with where, for whoever reads a failing test.
        kinds: The names of the error's classes.
        met: How many changes it came to, the one that went wrong included.
        lost: What a power cut at its end may take away.
    """

    how: str
    value: Any = None
    error: str = ""
    kinds: tuple[str, ...] = ()
    met: int = 0
    lost: Lost = field(default_factory=Lost)

    @property
    def is_done(self) -> bool:
        return self.how == "done"


@dataclass(slots=True)
class Point:
    """A change, and how it went wrong.

    Attributes:
        number: Which it is of all changes that the fault can happen to, beginning with 1. With
            threads the order may differ from run to run; then it is another one of them.
        change: What it was when the changes were counted.
        fault: What happened to it.
        outcome: How the action ended.
    """

    number: int
    change: Change
    fault: Fault
    outcome: Outcome = field(default_factory=lambda: Outcome("not run"))

    def __str__(self) -> str:
        return f"{self.fault.name} at change {self.number}, {self.change}: {self.outcome.how}"


class _Proxy:
    """The `os` module, in which changes can be counted and hurt."""

    def __init__(self, meet: Callable[[Change], Any]) -> None:
        self._meet = meet
        for name, names in CHANGES.items():
            setattr(self, name, self._met(name, names))

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _met(self, name: str, names: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*args: Any, **options: Any) -> Any:
            source = ""
            if names == "descriptor":
                path = _path_of(args[0])
            elif names == "path":
                path = _full(args[0], options.get("dir_fd"))
            elif name == "symlink":
                path = _full(args[1], options.get("dir_fd"))
            else:
                source = _full(args[0], options.get("src_dir_fd"))
                path = _full(args[1], options.get("dst_dir_fd"))
            return self._meet(Change(name, path, lambda: real(*args, **options), args, source))

        return call


def _full(path: str | os.PathLike[str], folder: int | None) -> str:
    return os.path.join(_path_of(folder) if folder is not None else os.getcwd(), path)


def _path_of(fd: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return f"descriptor {fd}"


def _install(meet: Callable[[Change], Any]) -> None:
    """Put the proxy in place, for good: this is a child that will end."""
    flush_filesystem, clone = changes.flush_filesystem, changes.clone
    write_into = database.write_into
    changes.os = _Proxy(meet)
    changes.flush_filesystem = lambda fd: meet(
        Change("syncfs", _path_of(fd), lambda: flush_filesystem(fd))
    )
    changes.clone = lambda source, target: meet(
        Change("clone", _path_of(target), lambda: clone(source, target))
    )
    database.write_into = lambda path, *rest: meet(
        Change(REMEMBERING, str(path), lambda: write_into(path, *rest))
    )


class _Child:
    """The process that an action runs in, from its own point of view.

    Args:
        writer: Where it tells how it ends.
        meet: Is called in place of each change; None to let all of them happen.
    """

    here: "_Child"

    def __init__(self, writer: int, meet: Callable[[Change], Any] | None) -> None:
        _Child.here = self
        self._writer = writer
        self._meet = meet
        self._lock = threading.RLock()
        self._met = 0
        self._disk = Disk(Stage.graveyard) if Stage.graveyard else None

    def run(self, action: Callable[[], Any]) -> None:
        signal.alarm(PATIENCE)
        # Waiting for clocks to go on would take most of the time, and changes only what is known.
        sleep = time.sleep
        time.sleep = lambda seconds: sleep(min(seconds, 0.002))
        try:
            _install(self._count)
            self.tell(Outcome("done", action()))
        except BaseException as error:  # noqa: BLE001
            kinds = tuple(kind.__name__ for kind in type(error).__mro__)
            trace = "".join(traceback.format_exception(error)[-6:])
            self.tell(Outcome("failed", None, f"{error}\n{trace}", kinds))
        finally:
            os._exit(0)

    def tell(self, outcome: Outcome) -> None:
        lost = self._disk.lost if self._disk is not None else Lost()
        told = pickle.dumps(replace(outcome, met=self._met, lost=lost))
        while told:
            told = told[os.write(self._writer, told) :]

    def _count(self, change: Change) -> Any:
        with self._lock:
            self._met += 1
            if self._disk is not None:
                change = change._replace(perform=self._watched(change, self._disk))
            return self._meet(change) if self._meet is not None else change.perform()

    def _watched(self, change: Change, disk: Disk) -> Callable[[], Any]:
        def perform() -> Any:
            saved = disk.before(change.call, change.path)
            result = change.perform()
            disk.after(change.call, change.path, change.source, saved)
            return result

        return perform


def run(action: Callable[[], Any], meet: Callable[[Change], Any] | None = None) -> Outcome:
    """Run an action in a child, in which `meet` is called in place of each change."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # The test runner may have threads.
        child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            _Child(writer, meet).run(action)
        finally:
            os._exit(1)  # Whatever happens, no second test runner goes on from here.
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        told = stream.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGALRM:
        return Outcome("hanging")
    assert code in (0, -signal.SIGKILL), "the harness itself failed"
    return pickle.loads(told) if told else Outcome("killed")


def changes_of(action: Callable[[], Any]) -> list[Change]:
    """Run an action unhurt in a child, and return the changes it makes.

    Raises:
        AssertionError: It does not succeed by itself.
    """

    def recorded() -> list[tuple[str, str]]:
        met: list[tuple[str, str]] = []

        def meet(change: Change) -> Any:
            met.append((change.call, change.path))
            return change.perform()

        _install(meet)
        action()
        return met

    outcome = run(recorded)
    assert outcome.is_done, outcome.error
    return [Change(*met) for met in outcome.value]


def points(
    action: Callable[[], Any],
    faults: Iterable[Fault],
    *,
    prepare: Callable[[], object] = lambda: None,
    most: int | None = None,
) -> Iterator[Point]:
    """Hurt an action at each of its changes in turn, in each way that can happen to it.

    Args:
        action: Changes files through `dvclite.files.changes`; the same way each time.
        faults: Ways to hurt it.
        prepare: Puts everything back, before each run.
        most: How many points to take, spread evenly; None for all.
    """
    prepare()
    met = changes_of(action)
    possible = [
        Point(number, change, fault)
        for fault in faults
        for number, change in enumerate([one for one in met if fault.can_hurt(one.call)], 1)
    ]
    every = 1 if most is None else max(1, -(-len(possible) // most))
    for point in possible[every // 2 :: every]:
        prepare()
        point.outcome = run(action, _hurting(point))
        if point.fault.cut == "contents":
            point.outcome.lost.lose_contents(Stage.current)
        elif point.fault.cut == "names":
            point.outcome.lost.lose_names()
        yield point


def _hurting(point: Point) -> Callable[[Change], Any]:
    met = 0

    def meet(change: Change) -> Any:
        nonlocal met
        if not point.fault.can_hurt(change.call):
            return change.perform()
        met += 1
        if met == point.number or (met > point.number and point.fault.lasts):
            return point.fault.hurt(change)
        return change.perform()

    return meet


class Sweep(NamedTuple):
    """What hurting an action at many points came to."""

    points: int
    done: int
    failed: int
    killed: int
    seconds: float


def sweep(found: Iterable[Point], check: Callable[[Point], object], *, shown: int = 5) -> Sweep:
    """Check what was left at each point, and raise once for all that are not as they should be."""
    began = time.monotonic()
    wrong: list[str] = []
    ended = dict.fromkeys(("done", "failed", "killed", "hanging"), 0)
    for point in found:
        ended[point.outcome.how] += 1
        try:
            check(point)
        except AssertionError as error:
            wrong.append(f"\n\n{point}\n{point.outcome.error}\n{error}")
        except Exception as error:
            error.add_note(f"{point}\n{point.outcome.error}")
            raise
    total = sum(ended.values())
    assert total, "there was no point to hurt the action at"
    assert not wrong, f"{len(wrong)} of {total} points went wrong:" + "".join(wrong[:shown])
    return Sweep(total, *list(ended.values())[:3], round(time.monotonic() - began, 1))


def load_all() -> None:
    """Import what children would otherwise import one by one, each for itself, and settle memory."""
    for name in ("dvclite", "dvclite_local"):
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, name + "."):
            if ".testing" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # What the collector does not touch, children share with us.


class Stage:
    """A folder that is put back to how it was prepared, as often as needed, at one and the same path.

    Attributes:
        folder: Where everything happens.
        current: The folder of the stage that was put back last.
        graveyard: Where what may come back after a power cut is kept.
    """

    current: Path
    graveyard = ""

    def __init__(self, scratch: Path, prepare: Callable[[Path], object]) -> None:
        """Prepare the folder once, in a child."""
        self.folder = scratch / "stage"
        self._graveyard = scratch / "graveyard"
        Stage.graveyard = ""
        self._template = scratch / "template"
        self.folder.mkdir()
        outcome = run(lambda: prepare(self.folder))
        assert outcome.is_done, outcome.error
        os.rename(self.folder, self._template)

    def reset(self) -> None:
        """Put everything back: names, bytes, modes, times, links among files, and the stat cache."""
        for folder in (self.folder, self._graveyard):
            shutil.rmtree(folder, ignore_errors=True)
        self._graveyard.mkdir()
        Stage.current, Stage.graveyard = self.folder, str(self._graveyard)
        copies: dict[int, str] = {}
        _copy(str(self._template), str(self.folder), copies)
        for place in STAT_CACHES:
            for path in self.folder.glob(f"**/{place}"):
                root = path.parents[place.count("/")]
                _follow(path, self._template / root.relative_to(self.folder), root)


def _copy(source: str, target: str, copies: dict[int, str]) -> None:
    os.mkdir(target)
    for entry in os.scandir(source):
        place = os.path.join(target, entry.name)
        stat = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), place)
        elif entry.is_dir():
            _copy(entry.path, place, copies)
        elif stat.st_ino in copies:
            os.link(copies[stat.st_ino], place)
        else:
            shutil.copyfile(entry.path, place)
            os.chmod(place, stat.st_mode & 0o7777)
            os.utime(place, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            copies[stat.st_ino] = place
    os.chmod(target, os.stat(source).st_mode & 0o7777)


def _follow(path: Path, template: Path, root: Path) -> None:
    """Make the stat cache of a copy know the copies as it knew the files they were made from."""
    with StatCache(path) as cache, cache.updating() as update:
        wholes = cache.outputs()
        for whole in wholes:
            for row in cache.below(whole.path):
                if row.signature == _signature_of(template / row.path):
                    row = row._replace(signature=_signature_of(root / row.path))
                update.put(row)
        cache.close()
        update.commit({whole.path: whole.oid for whole in wholes})


def _signature_of(path: Path) -> bytes | None:
    return signature(os.lstat(path)) if os.path.lexists(path) else None


def files_below(folder: Path) -> Sequence[Path]:
    """Return all that is no folder below a folder, sorted."""
    return sorted(Path(place, name) for place, _, names in os.walk(folder) for name in names)
