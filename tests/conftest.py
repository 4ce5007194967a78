"""What every test may ask for: a clean environment, a real repository, the real command line."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from dvclite.files.clock import is_settled
from dvclite.pack.reader import PackFile

pytest.register_assert_rewrite("dvclite.testing")

THOROUGHLY = bool(os.environ.get("TEST_THOROUGHLY"))
"""Whether to prove all that can be proved, for hours if need be, and on the real disk."""

MEMORY = Path("/dev/shm")
ENOUGH = 4 << 30

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("dvclite", deadline=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("thorough" if THOROUGHLY else "dvclite")


def pytest_configure(config):
    """Let tests write into memory, where flushing costs nothing, unless TMPDIR says otherwise.

    And let them all ask for servers, and for a terminal.
    """
    for name in ("servers/fixtures.py", "terminal.py"):
        config.pluginmanager.register(module_at(Path(__file__).parent / name))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Shells keep Ctrl-C from what they run in the background; some tests press it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "TMPDIR" not in os.environ and not THOROUGHLY and has_room_in_memory():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def module_at(path):
    """Return the module in a file that no package holds."""
    found = importlib.util.spec_from_file_location(f"tests_{path.stem}", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def has_room_in_memory():
    """Whether there is a folder in memory that programs may run in, as git's hooks do."""
    if not os.access(MEMORY, os.W_OK):
        return False
    flags = os.statvfs(MEMORY).f_flag
    return not flags & os.ST_NOEXEC and shutil.disk_usage(MEMORY).free > ENOUGH


def pytest_collection_modifyitems(config, items):
    if not THOROUGHLY:
        passed_over = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=passed_over)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]


GIT_CONFIG = """\
[user]
    name = Ada Lovelace
    email = ada@example.com
[init]
    defaultBranch = main
[advice]
    detachedHead = false
[protocol "file"]
    allow = always
[gc]
    auto = 0
"""

# fmt: off
FOREIGN = (
    "AWS_", "BOTO_", "CLOUDSDK_", "DVC_", "DVCLITE_", "GIT_", "GOOGLE_", "STORAGE_", "XDG_",
    "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONWARNINGS",
)
# fmt: on
"""How variables begin that would carry the developer's own settings into a test."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command line came to."""

    exit_code: int
    stdout: str
    stderr: str


class Workbench:
    """A folder to type commands in."""

    def __init__(self, root):
        self.root = root

    def write(self, path, content="content\n"):
        """Write a file, and the folders above it; text as UTF-8, without changing line ends."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def read(self, path):
        """Return a file's bytes."""
        return (self.root / path).read_bytes()

    def run(self, *argv, cwd=None, env=None, stdin=""):
        """Type a dvclite command in a process of its own, in the root or in a folder below it."""
        return run_dvclite(*argv, cwd=self.root / (cwd or ""), env=env, stdin=stdin)

    def invoke(self, *argv, cwd=None):
        """As `run`, in this process: quick, but blind to whatever a new process would show."""
        return invoke_dvclite(*argv, cwd=self.root / (cwd or ""))

    def git(self, *argv, cwd=None):
        """Run git and return what it printed; it must succeed."""
        return run_git(*argv, cwd=self.root / (cwd or ""))

    def commit(self, message="change"):
        """Commit everything that git does not ignore."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def packed(self):
        """Return what is in the packs of the cache: pairs of a pack's path and an entry."""
        packs = (self.root / ".dvclite/cache/packs").glob("*/*")
        found = []
        for path in packs:
            with PackFile(path, path.name) as pack:
                found += [(path, entry) for entry in pack.entries()]
        return found

    def damage(self, kind):
        """Change a byte of every entry of a kind in the packs of the cache."""
        for path, entry in self.packed():
            if entry.kind == kind:
                data = bytearray(path.read_bytes())
                data[entry.offset] ^= 1
                path.chmod(0o644)
                path.write_bytes(data)

    def settle(self):
        """Wait until no later change could carry the same time as a file that is here now."""
        with tempfile.NamedTemporaryFile(dir=self.root.parent) as youngest:
            written = os.stat(youngest.name)
            while not is_settled(written, os.stat(youngest.name).st_mtime_ns):
                time.sleep(0.004)
                os.utime(youngest.name)


def run_dvclite(*argv, cwd, env=None, stdin=""):
    # -P: a folder called dvclite in the repository must not stand in for the package.
    command = [sys.executable, "-P", "-m", "dvclite", *map(str, argv)]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
    )
    return Result(done.returncode, done.stdout, done.stderr)


def invoke_dvclite(*argv, cwd):
    from click.testing import CliRunner

    from dvclite.cli import main

    before = Path.cwd()
    os.chdir(cwd)
    try:
        done = CliRunner().invoke(main, [str(word) for word in argv])
    finally:
        os.chdir(before)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Result(done.exit_code, done.stdout, done.stderr)


def run_git(*argv, cwd):
    done = subprocess.run(
        ["git", *map(str, argv)],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
    )
    assert done.returncode == 0, f"git {' '.join(map(str, argv))}: {done.stderr}"
    return done.stdout


def redirect(home, setenv, delenv):
    """Point everything that programs read of their user at `home`."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        delenv(name)
    home.mkdir(parents=True, exist_ok=True)
    gitconfig = home / ".gitconfig"
    gitconfig.write_text(GIT_CONFIG)
    for name in ("HOME", "USERPROFILE"):
        setenv(name, str(home))
    for name in ("APPDATA", "LOCALAPPDATA"):
        setenv(name, str(home / "AppData"))
    setenv("XDG_CONFIG_HOME", str(home / ".config"))
    setenv("XDG_CACHE_HOME", str(home / ".cache"))
    setenv("XDG_CONFIG_DIRS", str(home / "etc"))
    setenv("PROGRAMDATA", str(home / "etc"))
    if sys.platform == "darwin":
        setenv("DVCLITE_SYSTEM_CONFIG_DIR", str(home / "etc" / "dvclite"))
    setenv("GIT_CONFIG_GLOBAL", str(gitconfig))
    setenv("GIT_CONFIG_NOSYSTEM", "1")
    setenv("AWS_EC2_METADATA_DISABLED", "true")
    setenv("NO_COLOR", "1")
    setenv("PYTHONUTF8", "1")


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory):
    """A home for what is read once a process: libgit2 remembers where it found its settings."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("session") / "home"
        redirect(home, patch.setenv, patch.delenv)
        yield home


@pytest.fixture(autouse=True)
def home(session_home, tmp_path_factory, monkeypatch):
    """An empty home folder: nothing of the developer's, nothing of another test's."""
    home = tmp_path_factory.mktemp("home")
    redirect(home, monkeypatch.setenv, monkeypatch.delenv)
    return home


@pytest.fixture
def invoke(tmp_path):
    """The command line in this process: `invoke("--version") -> Result`, in `tmp_path`."""

    def invoke(*argv, cwd=tmp_path):
        return invoke_dvclite(*argv, cwd=cwd)

    return invoke


@pytest.fixture
def cli(tmp_path):
    """The command line in a process of its own: `cli("--version") -> Result`, in `tmp_path`."""

    def cli(*argv, cwd=tmp_path, env=None, stdin=""):
        return run_dvclite(*argv, cwd=cwd, env=env, stdin=stdin)

    return cli


@pytest.fixture(scope="session")
def repo_template(session_home, tmp_path_factory):
    """A repository as `dvclite init` leaves it, committed; copied for each test that needs one."""
    root = tmp_path_factory.mktemp("template") / "repo"
    root.mkdir()
    run_git("init", "--quiet", cwd=root)
    made = run_dvclite("init", cwd=root)
    assert made.exit_code == 0, made.stderr
    run_git("add", "--all", cwd=root)
    run_git("commit", "--quiet", "--message", "Begin", cwd=root)
    return root


@pytest.fixture
def git_repo(tmp_path):
    """A git repository with one empty commit, and nothing of dvclite in it."""
    bench = Workbench(tmp_path / "repo")
    bench.root.mkdir()
    bench.git("init", "--quiet")
    bench.commit("Begin")
    return bench


@pytest.fixture(scope="session")
def copy_of_repo(repo_template):
    """Makes git repositories with one commit, of what `dvclite init` made: `copy_of_repo(root)`."""

    def copy(root):
        shutil.copytree(repo_template, root, symlinks=True)
        return Workbench(root)

    return copy


@pytest.fixture
def repo(copy_of_repo, tmp_path):
    """A git repository with one commit, of what `dvclite init` made."""
    return copy_of_repo(tmp_path / "repo")


@pytest.fixture(scope="session")
def bench_at():
    """Makes a folder to type commands in of any folder: `bench_at(root)`."""
    return Workbench


@pytest.fixture(scope="session")
def thoroughly():
    """Whether to prove all that can be proved: takes hours."""
    return THOROUGHLY
