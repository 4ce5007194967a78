"""Pointers and links that a repository's author may have made to harm, or by mistake."""

import pytest

from dvclite.hashing import BLAKE3, hash_bytes

OID = "44c77418e27569db9213c6b43d9049ecffb5496f7d0e3d4254bb68410adecc3e"
TEXT = f"outs:\n- blake3: {OID}\n  size: 2\n  hash: blake3\n  path: %s\n"
LOOKING = [("status",), ("checkout",), ("checkout", "--force"), ("gc", "--dry")]


@pytest.fixture
def stored(repo):
    """A repository whose cache holds the blob that hostile pointers name."""
    repo.write("good", "x\n")
    assert repo.invoke("add", "good").exit_code == 0
    assert OID in repo.read("good.dvc").decode()
    repo.commit("Good data")
    return repo


def everything(folder):
    return sorted(path for path in folder.rglob("*") if path.name != "checkout.lock")


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
@pytest.mark.parametrize("path", ["../evil", "/evil", ".git/hooks/post-checkout", "good.dvc", "."])
def test_a_path_that_leads_astray_is_refused_and_its_pointer_named(stored, path, command):
    stored.write("evil.dvc", TEXT % path)
    before = everything(stored.root.parent)

    done = stored.run(*command)

    assert done.exit_code == 1
    assert done.stderr.startswith("error: evil.dvc: unsafe path ")
    assert everything(stored.root.parent) == before


@pytest.mark.parametrize("words", [("add", "evil"), ("add", "--force", "evil"), ("status",)])
@pytest.mark.parametrize("target", ["absent", "taken"])
def test_nothing_is_written_through_a_pointer_that_is_a_link(stored, tmp_path, words, target):
    (tmp_path / "taken").write_text("precious")
    (stored.root / "evil.dvc").symlink_to(tmp_path / target)
    stored.write("evil", "data")

    done = stored.run(*words)

    assert not (tmp_path / "absent").exists()
    assert (tmp_path / "taken").read_text() == "precious"
    if "--force" in words:
        assert done.exit_code == 0
        assert not (stored.root / "evil.dvc").is_symlink()
    else:
        assert "error: evil.dvc: it is a symbolic link" in done.stderr


@pytest.mark.parametrize("words", [("add", "evil"), ("remove", "good"), ("move", "good", "evil")])
def test_nothing_is_written_through_a_gitignore_that_is_a_link(stored, tmp_path, words):
    (tmp_path / "taken").write_text("precious\n/good\n")
    (stored.root / ".gitignore").unlink()
    (stored.root / ".gitignore").symlink_to(tmp_path / "taken")
    if words[0] == "add":
        stored.write("evil", "data")

    done = stored.run(*words)

    assert done.exit_code == 1
    assert done.stderr.startswith("error: .gitignore: it is a symbolic link")
    assert (tmp_path / "taken").read_text() == "precious\n/good\n"


@pytest.mark.parametrize("scm", [True, False])
@pytest.mark.parametrize("words", [("add", "link/data"), ("move", "good", "link/moved")])
def test_nothing_is_reached_through_a_folder_that_is_a_link(stored, tmp_path, words, scm):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "data").write_text("precious")
    (stored.root / "link").symlink_to(outside)
    if not scm:
        stored.invoke("config", "core.no_scm", "true")

    done = stored.run(*words)

    assert done.exit_code == 1
    assert "link is not a folder, or is a symbolic link" in done.stderr
    assert "hint: " in done.stderr
    assert [path.name for path in outside.iterdir()] == ["data"]


def test_a_pointer_of_another_algorithm_is_an_error(stored):
    stored.write("other.dvc", "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  path: other\n")

    done = stored.run("checkout")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: other.dvc: its hash is md5")


def test_a_pointer_that_names_no_content_takes_nothing_away(stored):
    stored.write("good.dvc", "outs:\n- path: good\n")

    assert stored.run("checkout").exit_code == 0
    assert stored.read("good") == b"x\n"
    assert stored.run("commit").exit_code == 0
    assert OID in stored.read("good.dvc").decode()


@pytest.mark.parametrize("path", ["inner/data", "inner/deep/data"])
def test_what_another_git_repository_holds_is_not_added(stored, path):
    stored.write(path, "data")
    stored.git("init", "--quiet", "inner")

    done = stored.run("add", path)

    assert done.exit_code == 1
    assert "inner/ is a git repository of its own" in done.stderr
    assert not (stored.root / f"{path}.dvc").exists()


def test_a_revision_with_one_output_inside_another_is_refused(stored):
    stored.write("data/one", "one")
    stored.invoke("add", "data")
    stored.write("inner.dvc", TEXT % "data/one")
    stored.git("checkout", "--quiet", "-b", "evil")
    stored.commit("Evil")
    (stored.root / "inner.dvc").unlink()

    for words in (("checkout", "--rev", "evil"), ("diff", "evil")):
        done = stored.run(*words)
        assert done.exit_code == 1
        assert done.stderr.startswith("error: data/one overlaps with data")
    assert stored.read("data/one") == b"one"


def test_garbage_is_not_collected_while_some_tree_cannot_be_read(stored):
    text = b'{"tree":1}\n{"path":"../evil","link":"good"}\n'
    oid = hash_bytes(text, BLAKE3)
    stored.write(f".dvclite/cache/files/blake3/{oid[:2]}/{oid[2:]}.dir", text)
    stored.write("evil.dvc", f"outs:\n- blake3: {oid}.dir\n  path: evil\n")
    stored.commit("Evil")
    (stored.root / "evil.dvc").unlink()

    done = stored.run("gc", "--force")
    without = stored.run("gc", "--force", "--workspace", "--unpushed")

    assert done.exit_code == 1
    assert "some version of evil: unsafe path '../evil'" in done.stderr
    assert "hint: nothing was removed" in done.stderr
    assert without.exit_code == 0
