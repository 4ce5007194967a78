"""A real DVC, from the package index, beside dvclite in the same repositories."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

from dvclite.files.locks import hold

VERSION = "3.67.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dvclite-tests"
"""Where programs stay between runs; looked up before tests get a home of their own."""

SERVERS = Path(__file__).parents[1] / "servers"
PROGRAM = Path(__file__).with_name("program.py")


class Answer(NamedTuple):
    """What a command line came to."""

    exit_code: int
    stdout: str
    stderr: str


class Dvc:
    """A process that runs DVC's command line."""

    def __init__(self, python, site):
        self._site = site
        self._process = subprocess.Popen(
            [python, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )

    def run(self, *words, cwd):
        """Type a DVC command; returns what it came to."""
        environ = {
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(self._site),
            "HOME": os.environ["HOME"],
            "XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"],
            "GIT_CONFIG_GLOBAL": os.environ["GIT_CONFIG_GLOBAL"],
        }
        order = {"arguments": list(map(str, words)), "folder": str(cwd), "environ": environ}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))

    def close(self):
        with self._process:
            self._process.stdin.close()


class Shared:
    """A git repository in which both tools work: what a workbench is, and more."""

    def __init__(self, bench, dvc):
        self._bench = bench
        self._dvc = dvc

    def __getattr__(self, name):
        return getattr(self._bench, name)

    def dvc(self, *words):
        """Type a DVC command, which must succeed; returns what it printed."""
        done = self._dvc.run(*words, cwd=self.root)
        assert done.exit_code == 0, f"dvc {' '.join(map(str, words))}: {done.stdout}{done.stderr}"
        return done.stdout

    def try_dvc(self, *words):
        return self._dvc.run(*words, cwd=self.root)

    def lite(self, *words):
        """Type a dvclite command, which must succeed; returns what it printed."""
        done = self.invoke(*words)
        assert done.exit_code == 0, f"dvclite {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def clone(self, root):
        """Clone what was committed."""
        self.git("clone", "--quiet", self.root, root)
        return Shared(type(self._bench)(root), self._dvc)

    def copy(self, root):
        """Copy all there is."""
        shutil.copytree(self.root, root, symlinks=True)
        return Shared(type(self._bench)(root), self._dvc)

    def tracked(self):
        """Return the bytes of pointers, ignore files and settings, by path."""
        names = ("*.dvc", ".gitignore", "config")
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for name in names
            for path in self.root.rglob(name)
            if path.is_file() and ".git" not in path.parts and "cache" not in path.parts
        }

    def cached(self, below=".dvc/cache"):
        """Return mode and bytes of the blobs in the cache, or on a remote, by key."""
        folder = self.root / below
        return {
            str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes())
            for path in folder.glob("files/md5/*/*")
        }

    def data(self, *outputs):
        """Return the bytes of working files, by path."""
        found = {}
        for output in outputs:
            top = self.root / output
            for path in [top, *top.rglob("*")] if top.exists() else []:
                if path.is_file():
                    found[str(path.relative_to(self.root))] = path.read_bytes()
        return found


def _installed(folder):
    """Return the Python of an environment with DVC in it, made if need be; None if that failed."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = folder / "complete"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", f"dvc[s3]=={VERSION}"]
        if subprocess.run(install, capture_output=True).returncode != 0:
            return None
        done.touch()
    return python


@pytest.fixture(scope="session")
def s3_server(session_home, tmp_path_factory):
    """The address of an S3 server."""
    pytest.importorskip("moto")
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, str(SERVERS / "moto_server.py")],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with process:
        address = process.stdout.readline().strip()
        assert address.startswith("http"), log.read_text()
        yield address
        process.terminate()


class Bucket:
    """A bucket on an S3 server."""

    def __init__(self, endpoint, *, versions):
        import boto3

        self.endpoint = endpoint
        self.name = f"bucket-{secrets.token_hex(6)}"
        self.url = f"s3://{self.name}/some/prefix"
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="AKIATEST",
            aws_secret_access_key="secret",
        )
        self.client.create_bucket(Bucket=self.name)
        if versions:
            self.client.put_bucket_versioning(
                Bucket=self.name, VersioningConfiguration={"Status": "Enabled"}
            )

    def name_in(self, bench, name="store", **options):
        """Make it the default remote of a repository."""
        bench.dvc("remote", "add", "-d", name, self.url)
        options |= {"endpointurl": self.endpoint, "region": "us-east-1"}
        # Into the tracked file, so that clones have it: the server takes whatever it is given.
        options |= {"access_key_id": "AKIATEST", "secret_access_key": "secret"}
        for option, value in options.items():
            bench.dvc("remote", "modify", "--project", name, option, value)

    def keys(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return {found["Key"] for page in pages for found in page.get("Contents", ())}

    def delete(self, key):
        self.client.delete_object(Bucket=self.name, Key=key)


@pytest.fixture
def make_bucket(s3_server):
    """Makes buckets: `make_bucket(versions=True)`."""

    def make(*, versions=False):
        return Bucket(s3_server, versions=versions)

    return make


@pytest.fixture(scope="session")
def dvc(tmp_path_factory):
    """A running DVC."""
    CACHE.mkdir(parents=True, exist_ok=True)
    name = f"dvc-s3-{VERSION}-{sys.implementation.cache_tag}"
    with hold(str(CACHE / f"{name}.lock"), seconds=600):
        python = _installed(CACHE / name)
    if python is None:
        pytest.skip(f"DVC {VERSION} cannot be installed from the package index")
    running = Dvc(python, tmp_path_factory.mktemp("site"))
    yield running
    running.close()


@pytest.fixture(scope="session")
def shared_template(dvc, bench_at, session_home, tmp_path_factory):
    """A repository as `dvc init` leaves it, committed."""
    root = tmp_path_factory.mktemp("dvc") / "repo"
    root.mkdir()
    bench = Shared(bench_at(root), dvc)
    bench.git("init", "--quiet")
    bench.dvc("init", "--quiet")
    bench.commit("Begin")
    return bench


@pytest.fixture
def make_shared(shared_template, bench_at, dvc, tmp_path):
    """Makes repositories as `dvc init` leaves them: `make_shared(name)`."""

    def make(name="repo", folder=tmp_path):
        shutil.copytree(shared_template.root, folder / name)
        return Shared(bench_at(folder / name), dvc)

    return make


@pytest.fixture
def shared(make_shared):
    """A repository as `dvc init` leaves it, committed."""
    return make_shared()
