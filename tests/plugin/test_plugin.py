"""A stranger's remote, installed as a distribution of its own, is used and proved like the built-in ones."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parent / "example"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment with the example beside all that the tests have.

    Nothing is downloaded: what the tests have is lent to it.
    """
    folder = tmp_path_factory.mktemp("plugin")
    venv.create(folder / "venv")
    windows = sys.platform == "win32"
    python = folder / "venv" / ("Scripts/python.exe" if windows else "bin/python")
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    lent = sysconfig.get_path("purelib")
    Path(packages, "lent.pth").write_text(f"import site; site.addsitedir({lent!r})\n")
    source = shutil.copytree(EXAMPLE, folder / "example")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*pip, *offline, source], check=True)
    return python


@pytest.fixture
def run(python, repo):
    """Type a command with the Python that has the plugin, in a repository or below it."""

    def run(*words, cwd=""):
        done = subprocess.run(
            [python, "-P", "-m", "dvclite", *words],
            cwd=repo.root / cwd,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_its_own_tests_of_the_contract_pass(python, tmp_path):
    shutil.copy(EXAMPLE / "test_sqlite.py", tmp_path)

    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout.splitlines()[-1]


def test_data_travels_through_it_by_the_command_line(run, repo, tmp_path):
    url = f"sqlite://{tmp_path.as_posix()}/store.db"
    repo.write("data/a", "content\n")
    repo.write("data/large", os.urandom(3 << 20))
    run("add", "data")
    run("remote", "add", "--default", "store", url)
    repo.commit("Data")

    tested = run("remote", "test")
    pushed = run("push")
    repo.git("clone", "--quiet", ".", tmp_path / "clone")
    run("pull", cwd=tmp_path / "clone")

    assert "BAD" not in tested
    assert "2 files" in pushed
    for name in ("data/a", "data/large"):
        assert (tmp_path / "clone" / name).read_bytes() == repo.read(name)


def test_without_it_its_addresses_are_unknown(repo):
    repo.write("data", "content\n")
    repo.invoke("add", "data")
    repo.invoke("remote", "add", "--default", "store", "sqlite:///store.db")

    done = repo.invoke("push")

    assert done.exit_code == 7
    assert "no installed plugin serves sqlite://" in done.stderr
