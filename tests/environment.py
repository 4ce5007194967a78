"""Makes the environment that this project's own commands run in.

Works with the standard library alone, from a bare clone. The environment is the folder `.venv`
of the checkout: made at the first use, added to when a command needs more, and brought up to
date when `pyproject.toml` has changed. `. .venv/bin/activate` enters it by hand.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".venv"

_STAMP = FOLDER / "dvclite.json"
_BIN = FOLDER / ("Scripts" if os.name == "nt" else "bin")
_PYTHON = _BIN / ("python.exe" if os.name == "nt" else "python")
_PIP = "pip>=25.1"  # the first that installs dependency groups

_NO_PIP = """\
This Python cannot make a virtual environment with pip in it.
On Debian and Ubuntu:  sudo apt-get install python3-venv
Elsewhere, install Python with ensurepip, or pip, then run this command again."""


def python_with(*, extras=(), groups=()):
    """Return the path of a Python that has dvclite and all that is asked for.

    Args:
        extras: Names from `project.optional-dependencies`.
        groups: Names from `dependency-groups`.
    """
    if sys.version_info < (3, 11):
        sys.exit(f"dvclite needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    wanted = {*(f"extra {name}" for name in extras), *(f"group {name}" for name in groups)}
    present = _installed()
    if present is None:
        _make()
    if present is None or not wanted <= present:
        _install(wanted | (present or set()))
    return str(_PYTHON)


def program(name):
    """Return the path of a program that was installed into the environment."""
    return str(_BIN / (f"{name}.exe" if os.name == "nt" else name))


def clean_environ():
    """Return the environment for commands in the environment made here.

    Python runs as it does by default: how quickly dvclite starts is tested, for which bytecode is
    kept, and what becomes of output that nobody reads, for which it is buffered.
    """
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "PYTHONUNBUFFERED"}
    environ = {name: value for name, value in os.environ.items() if name not in dropped}
    environ["PATH"] = os.pathsep.join([str(_BIN), environ.get("PATH", os.defpath)])
    environ["VIRTUAL_ENV"] = str(FOLDER)
    return environ


def _state():
    """What an environment depends on beside its extras and groups."""
    return {
        "python": sys.version,
        "pyproject": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
    }


def _installed():
    """The extras and groups that are there and up to date; None if there is no environment."""
    try:
        stamp = json.loads(_STAMP.read_text())
    except (OSError, ValueError):
        return set() if _has_pip() else None
    if stamp["python"] != sys.version or not _has_pip():
        return None
    return set(stamp["names"]) if stamp["pyproject"] == _state()["pyproject"] else set()


def _has_pip():
    return _PYTHON.exists() and _quiet([_PYTHON, "-m", "pip", "--version"])


def _make():
    print(f"Making an environment in {FOLDER}", flush=True)
    _run([sys.executable, "-m", "venv", "--without-pip", "--clear", FOLDER])
    ways = (_pip_from_ensurepip, _pip_from_this_python, _pip_from_debian)
    if not any(way() for way in ways):
        sys.exit(_NO_PIP)


def _pip_from_ensurepip():
    return _quiet([_PYTHON, "-m", "ensurepip"])


def _pip_from_this_python():
    return _quiet([sys.executable, "-m", "pip", "--python", _PYTHON, "install", _PIP])


def _pip_from_debian():
    """Debian ships Python without ensurepip; its package of pip's wheel needs no root to unpack."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            _quiet(["apt-get", "update"])
        _quiet(["apt-get", "download", "python3-pip-whl"], cwd=folder)
        for package in Path(folder).glob("*.deb"):
            _quiet(["dpkg-deb", "--extract", package, folder])
        wheels = [str(path) for path in Path(folder).rglob("pip-*.whl")]
        return bool(wheels) and _quiet(
            [_PYTHON, "-m", "pip", "install", "--ignore-installed", _PIP],
            env={**clean_environ(), "PYTHONPATH": wheels[0]},
        )


def _install(names):
    print(f"Installing dvclite with {', '.join(sorted(names))}; this is done once", flush=True)
    _STAMP.unlink(missing_ok=True)
    kinds = {"extra": [], "group": []}
    for name in sorted(names):
        kind, _, word = name.partition(" ")
        kinds[kind].append(word)
    pip = [_PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    _run([*pip, _PIP])
    project = f"{ROOT}[{','.join(kinds['extra'])}]" if kinds["extra"] else ROOT
    groups = [word for group in kinds["group"] for word in ("--group", group)]
    _run([*pip, "--editable", project, *groups], cwd=ROOT)
    _STAMP.write_text(json.dumps({**_state(), "names": sorted(names)}))


def _run(command, *, cwd=None):
    words = [str(word) for word in command]
    if code := subprocess.run(words, cwd=cwd, env=clean_environ()).returncode:
        sys.exit(f"failed with exit code {code}: {' '.join(words)}")


def _quiet(command, **options):
    """Run a command that may fail; say whether it did what it should."""
    options.setdefault("env", clean_environ())
    done = subprocess.run([str(word) for word in command], capture_output=True, **options)
    return done.returncode == 0
