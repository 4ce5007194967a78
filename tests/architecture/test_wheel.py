"""What is shipped, and only that."""

import configparser
import subprocess
import sys
import zipfile

import pytest


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(
        [*command, "--directory", str(folder)], cwd=root, check=True, capture_output=True
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_four_packages_and_nothing_beside_them(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "dvclite",
        "dvclite_gcs",
        "dvclite_local",
        "dvclite_s3",
    }


def test_every_package_says_that_it_is_typed(wheel):
    packages = {"dvclite", "dvclite_gcs", "dvclite_local", "dvclite_s3"}

    assert {f"{package}/py.typed" for package in packages} <= set(wheel.namelist())


def test_every_module_of_the_checkout_is_in_the_wheel(wheel, sources, root):
    modules = {
        source.path.relative_to(root).as_posix().removeprefix("remotes/") for source in sources
    }

    assert modules <= set(wheel.namelist())


def test_the_built_in_remotes_are_found_as_a_strangers_would_be(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    entry_points = configparser.ConfigParser(delimiters="=")
    entry_points.read_string(wheel.read(name).decode())

    assert dict(entry_points["dvclite.remotes"]) == {
        "file": "dvclite_local:open",
        "gs": "dvclite_gcs:open",
        "s3": "dvclite_s3:open",
    }
