"""Without what a remote needs, every command that wants it says what to install."""

import os

import pytest


@pytest.fixture
def shadowed(tmp_path):
    """Shadow a package by one that is not there: `shadowed("boto3") -> environment`."""

    def shadowed(package):
        folder = tmp_path / "shadow"
        folder.mkdir()
        text = f"raise ModuleNotFoundError('No module named {package}', name='{package}')\n"
        (folder / "sitecustomize.py").write_text(
            "import sys\n"
            "class Absent:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        if name == '{package}':\n"
            f"            {text}"
            "sys.meta_path.insert(0, Absent())\n"
        )
        paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {"PYTHONPATH": os.pathsep.join(paths)}

    return shadowed


@pytest.mark.parametrize("command", [("remote", "test"), ("push",), ("status", "-c")])
@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://bucket/prefix", "boto3", "s3"),
        ("gs://bucket/prefix", "google.cloud.storage", "gcs"),
    ],
)
def test_the_extra_to_install_is_named(repo, shadowed, url, package, extra, command):
    repo.write("data", "content\n")
    repo.invoke("add", "data")
    repo.invoke("remote", "add", "--default", "cloud", url)

    done = repo.run(*command, env=shadowed(package))

    assert done.exit_code == 7
    assert f"hint: run `pip install 'dvclite[{extra}]'`" in done.stderr
    assert "Traceback" not in done.stderr
