"""What the benchmarks share: data to work on, programs measured while they run, tables."""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

FILES_IN_A_FOLDER = 1000
PIECE = 1 << 20
UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}
DECIMAL_UNITS = {"GB": 10**9, "MB": 10**6, "kB": 10**3}
ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What ends a program as Ctrl-C does, but without a chance to clean up unless it asks for one."""


class Usage(NamedTuple):
    """What a program took to run.

    Attributes:
        wall: Seconds that passed.
        cpu: Seconds of processor time, in the program and in the kernel on its behalf, with those
            of the programs that it started.
        peak: Bytes of memory at the most.
        is_cut: Whether it was ended before it was done, since it took too long.
    """

    wall: float
    cpu: float
    peak: float
    is_cut: bool = False


class Repository:
    """A git repository in which dvclite, or DVC, has been set up with a directory as its remote."""

    def __init__(self, root, program, *, remote=None, init=(), **options):
        """Make one in a new folder `root`, with a program that is given as the path to start it.

        `remote` is the address of its remote; without one, that is a new folder beside `root`.
        `init` are options of the command that makes it.
        What is said of the remote besides are its `options`.
        """
        self.root = root
        self.data = root / "data"
        self._program = program
        root.mkdir(parents=True)
        self._git("init", "--quiet")
        self._run("init", "--quiet", *init)
        if is_dvc(program):
            self._run("config", "core.analytics", "false")
        remote = remote or str(root.with_name("remote"))
        self._run("remote", "add", "--default", "store", remote)
        for option, value in options.items():
            self._run("remote", "modify", "store", option, value)
        self.commit()

    def measured(self, *words, patience=None):
        """Run a command of the program and return its Usage."""
        return measured([self._program, *words], cwd=self.root, patience=patience)

    def aim(self, endpoint):
        """Have the remote reached at another address from now on."""
        self._run("remote", "modify", "store", "endpointurl", endpoint)

    def commit(self):
        """Commit what git does not ignore."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "Change")

    def clone(self, root):
        """Return a clone in a new folder `root`, without data."""
        self._git("clone", "--quiet", ".", str(root))
        clone = object.__new__(Repository)
        clone.root, clone.data, clone._program = root, root / self.data.name, self._program
        return clone

    def follow(self):
        """Bring a clone up to the commit of what it was cloned from."""
        self._git("pull", "--quiet")

    def _git(self, *words):
        who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com"]
        run(["git", *who, *words], cwd=self.root)

    def _run(self, *words):
        run([self._program, *words], cwd=self.root)


def measured(command, *, cwd, patience=None):
    """Run a program that must succeed, and return its Usage; see `run`."""
    sync(cwd)
    return run(command, cwd=cwd, patience=patience)


def run(command, *, cwd, patience=None):
    """Run a program that must succeed, whatever waits to be written, and return its Usage.

    With `patience` it is ended after so many seconds.
    """
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        end = threading.Timer(patience or 0, os.killpg, (process.pid, signal.SIGKILL))
        if patience is not None:
            end.start()
        try:
            # Unlike getrusage, this tells of one program, and not of the largest so far.
            _, status, resources = os.wait4(process.pid, 0)
        except BaseException:
            # It and what it started would go on writing to the folder that is about to be removed.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            end.cancel()
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        is_cut = process.returncode == -signal.SIGKILL and patience is not None and wall >= patience
        if not is_cut:
            output.seek(0)
            check(command, process.returncode, output.read())
    unit = 1 if sys.platform == "darwin" else 1024
    cpu = resources.ru_utime + resources.ru_stime
    return Usage(wall, cpu, resources.ru_maxrss * unit, is_cut)


def check(command, code, output):
    """End with what a program printed if it failed."""
    if code:
        sys.exit(f"{' '.join(map(str, command))}\n{output.decode(errors='replace')}")


def sync(path):
    """Write out what earlier steps left to be written, so that the next one does not pay for it."""
    if sys.platform == "linux":
        run(["sync", "--file-system", path], cwd=path)
    else:
        os.sync()


def medians(usages):
    """Return the medians of several runs as one Usage."""
    return Usage(*(median(values) for values in zip(*usages, strict=True)))


def make_files(folder, count, size):
    """Fill a new folder with `count` different files of `size` bytes, a thousand in each folder."""
    random_bytes = random.Random(count).randbytes
    for number in range(count):
        inner, name = divmod(number, FILES_IN_A_FOLDER)
        parent = folder / f"{inner:04}"
        if name == 0:
            parent.mkdir(parents=True)
        with open(parent / f"{name:04}.bin", "wb") as file:
            file.write(random_bytes(size))


def make_large_file(path, size):
    """Write a file of `size` bytes that nothing can compress."""
    random_bytes = random.Random(size).randbytes
    with open(path, "wb") as file:
        file.writelines(random_bytes(min(PIECE, size - start)) for start in range(0, size, PIECE))


def is_dvc(program):
    """Say whether a program is DVC."""
    return Path(program).name == "dvc"


def parser(description):
    """Return a parser with the options that all benchmarks have."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    options.add_argument(
        "--dvclite",
        metavar="PATH",
        type=program,
        default=str(Path(sys.executable).with_name("dvclite")),
        help="the dvclite to measure",
    )
    options.add_argument(
        "--folder", metavar="DIR", default=".", help="where to work, on the disk to be measured"
    )
    return options


def program(name):
    """Return the path of a program that is given by name or path."""
    found = shutil.which(name)
    if found is None:
        raise argparse.ArgumentTypeError(f"{name} is not there, or is no program")
    return os.path.abspath(found)


def size(text):
    """Read a number of bytes, like `512`, `2KiB`, `1.5GiB`, `200MB`."""
    for unit, factor in {**UNITS, **DECIMAL_UNITS}.items():
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * factor)
    return int(text)


def shown_size(number):
    """Return a number of bytes as `size` reads it."""
    for unit, factor in UNITS.items():
        if number >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number} B"


@contextmanager
def scratch(folder):
    """Yield a new folder, in which programs find no settings of the user's; it is removed after.

    So it is when the benchmark is told to end, too.
    """
    for ending in ENDINGS:
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, lambda number, _frame: sys.exit(128 + number))
    place = Path(tempfile.mkdtemp(prefix="dvclite-benchmark-", dir=folder)).resolve()
    home = place / "home"
    home.mkdir()
    os.environ.update(HOME=str(home), XDG_CONFIG_HOME=str(home), GIT_CONFIG_NOSYSTEM="1")
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def print_table(title, heading, rows):
    """Print a Markdown table, the numbers in all columns but the first to the right."""
    print(f"\n{title}\n")
    print(f"| {' | '.join(heading)} |")
    print(f"| --- |{' ---: |' * (len(heading) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()
