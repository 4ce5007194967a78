"""What a newcomer does first: install it, and pull, in a repository that DVC made."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def newcomer(tmp_path):
    """The variables of somebody who has all that dvclite needs, and not dvclite itself."""
    wheels, own = tmp_path / "wheels", tmp_path / "venv"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", str(wheels)], cwd=ROOT, check=True, capture_output=True)
    venv.create(own, with_pip=True)
    (packages,) = own.glob("lib/python*/site-packages")
    (packages / "more.pth").write_text(sysconfig.get_path("purelib") + "\n")
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return {
        **environ,
        "PATH": os.pathsep.join([str(own / "bin"), os.environ["PATH"]]),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_NO_DEPS": "1",
        "PIP_IGNORE_INSTALLED": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="typed into a POSIX shell")
def test_install_and_pull(shared, newcomer, tmp_path):
    for number in range(20):
        shared.write(f"data/{number}", str(number))
    shared.write("model", "model")
    shared.dvc("add", "data", "model")
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.dvc("push")
    shared.commit()
    clone = shared.clone(tmp_path / "clone")
    done = subprocess.run(
        ["bash", "-ec", "pip install dvclite && dvclite pull && which dvclite"],
        cwd=clone.root,
        env=newcomer,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "21 files" in done.stdout
    assert str(tmp_path / "venv") in done.stdout
    assert clone.data("data", "model") == shared.data("data", "model")
    assert "up to date" in clone.dvc("status")
