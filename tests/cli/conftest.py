"""Repositories that commands are tried in."""

import json

import pytest


@pytest.fixture
def data(repo):
    """A repository with a folder `images` of three files and a file `model.pkl`, tagged v1."""
    for name in ("cat", "dog", "fox"):
        repo.write(f"images/{name}.txt", name * 1000)
    repo.write("model.pkl", b"\0" * 5000)
    done = repo.invoke("add", "images", "model.pkl")
    assert done.exit_code == 0, done.stderr
    repo.commit("First data")
    repo.git("tag", "v1")
    return repo


@pytest.fixture
def two_versions(data):
    """The same, with a second version tagged v2: cat gone, dog changed, owl new."""
    (data.root / "images/cat.txt").unlink()
    data.write("images/dog.txt", "dog" * 2000)
    data.write("images/owl.txt", "owl" * 1000)
    done = data.invoke("commit")
    assert done.exit_code == 0, done.stderr
    data.commit("Second data")
    data.git("tag", "v2")
    return data


@pytest.fixture
def stored(data, tmp_path):
    """`data`, with a default remote called store, a directory beside the repository."""
    done = data.invoke("remote", "add", "-d", "store", tmp_path / "store")
    assert done.exit_code == 0, done.stderr
    data.commit("Name a remote")
    return data


@pytest.fixture
def answer():
    """Reads what a command printed as JSON: `answer(result)`."""

    def answer(result):
        assert result.stdout.count("\n") == 1, result.stdout + result.stderr
        return json.loads(result.stdout)

    return answer
