"""One pointer or tree that cannot be used, among others: these are still of use."""

import json
import shutil

import pytest

from dvclite.hashing import BLAKE3, hash_bytes

CONFLICT = "<<<<<<< HEAD\n=======\n>>>>>>> theirs\n"


@pytest.fixture
def three(repo, tmp_path):
    """A repository with three directories, and a remote of loose blobs that has them."""
    for name in ("a", "m", "z"):
        repo.write(f"{name}/file", name)
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.invoke("remote", "modify", "store", "layout", "loose")
    repo.invoke("add", "a", "m", "z")
    repo.commit()
    assert repo.invoke("push").exit_code == 0
    return repo


@pytest.fixture
def hostile(three, tmp_path):
    """The same, where the tree of one directory leads out of it, in the cache and on the remote."""
    data = f'{{"tree":1}}\n{{"path":"../x","oid":"{hash_bytes(b"m", BLAKE3)}","size":1}}\n'.encode()
    oid = hash_bytes(data, BLAKE3)
    for place in (tmp_path / "store", three.root / ".dvclite/cache"):
        tree = place / f"files/blake3/{oid[:2]}/{oid[2:]}.dir"
        tree.parent.mkdir(parents=True, exist_ok=True)
        tree.write_bytes(data)
    three.write("m.dvc", f"outs:\n- blake3: {oid}.dir\n  size: 1\n  nfiles: 1\n  path: m\n")
    shutil.rmtree(three.root / "m")
    three.commit()
    return three


def restored(repo):
    return [name for name in ("a", "m", "z") if (repo.root / name / "file").exists()]


@pytest.mark.parametrize("words", [("pull",), ("checkout",), ("checkout", "--rev", "HEAD")])
def test_a_tree_that_leads_astray_keeps_no_other_from_being_restored(hostile, words):
    for name in ("a", "z"):
        shutil.rmtree(hostile.root / name)
    if words == ("pull",):
        shutil.rmtree(hostile.root / ".dvclite/cache")

    done = hostile.invoke(*words)

    assert done.exit_code != 0
    assert "m: unsafe path '../x'" in done.stderr
    assert restored(hostile) == ["a", "z"]
    assert not (hostile.root / "x").exists()


def test_status_tells_of_the_others_and_names_it(hostile):
    hostile.write("z/file", "changed")

    done = hostile.invoke("status")
    told = {one["path"]: one for one in json.loads(hostile.invoke("status", "--json").stdout)}

    assert done.exit_code == 1
    assert "M z/file" in done.stdout
    assert "error: m: unsafe path '../x'" in done.stderr
    assert [told[name]["state"] for name in ("a", "m", "z")] == ["unchanged", "unknown", "modified"]
    assert told["m"]["reason"].startswith("unsafe path")


@pytest.mark.parametrize("text", [CONFLICT, "outs: [", "outs:\n- path: ../../x\n"])
def test_a_pointer_that_cannot_be_read_keeps_no_other_from_its_data(three, tmp_path, text):
    three.write("m.dvc", text)
    for name in ("a", "z"):
        shutil.rmtree(three.root / name)

    done = three.invoke("checkout")

    assert done.exit_code == 1
    assert "m.dvc: " in done.stderr
    # What it names is not known: nothing is taken away for not being named.
    assert restored(three) == ["a", "m", "z"]
    for words in (("push",), ("fetch",), ("pull",), ("status", "-c")):
        shutil.rmtree(tmp_path / "store" if words == ("push",) else three.root / ".dvclite/cache")
        done = three.invoke(*words)
        assert done.exit_code == 8
        assert "  m.dvc: " in done.stderr
        assert "m.dvc: m.dvc" not in done.stderr
        assert three.invoke("fetch", "a", "z").exit_code == 0
    three.write("m.dvc", three.git("show", "HEAD:m.dvc"))
    assert three.invoke("status", "a", "z").exit_code == 0


def test_what_was_asked_for_is_all_that_counts(three):
    three.write("m.dvc", CONFLICT)

    for command in ("status", "checkout", "push", "fetch", "pull"):
        assert three.invoke(command, "a").exit_code == 0
        assert three.invoke(command, "a", "m").exit_code != 0
        refused = three.invoke(command, "m/file")
        assert refused.exit_code != 0
        assert "m.dvc: holds an unresolved merge conflict" in refused.stderr
        assert "not tracked" in three.invoke(command, "nothing").stderr


def test_outside_of_git_it_is_the_same(git_repo):
    assert git_repo.invoke("init", "--no-scm").exit_code == 0
    for name in ("a", "m"):
        git_repo.write(f"{name}/file", name)
        git_repo.invoke("add", name)
    git_repo.write("m.dvc", CONFLICT)
    shutil.rmtree(git_repo.root / "a")

    assert git_repo.invoke("checkout").exit_code == 1
    assert git_repo.read("a/file") == b"a"
    assert git_repo.read("m/file") == b"m"


@pytest.mark.parametrize("names", [("A", "a"), ("n\u0303", "\u00f1"), ("sub/x", "Sub/y")])
def test_names_that_are_one_for_the_file_system_are_both_named(repo, names):
    for name in names:
        repo.write(f"data/{name}", name)
    repo.write("other/file", "other")
    repo.invoke("add", "data", "other")
    for name in ("data", "other"):
        shutil.rmtree(repo.root / name)
    # Where names are folded, this is what the repository's own folder is called as well.
    (repo.root / ".DVCLITE").symlink_to(".dvclite")

    done = repo.invoke("checkout")

    assert done.exit_code == 1
    assert "is the same name on this system" in done.stderr
    for name in names:
        assert ascii(name.split("/")[0])[1:-1] in ascii(done.stderr)
    assert not (repo.root / "data").exists()
    assert (repo.root / "other/file").exists()
