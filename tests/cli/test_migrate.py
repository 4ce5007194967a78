"""`dvclite migrate`: from DVC's format and back without DVC, and from Git LFS."""

import hashlib
import os
import shutil
import subprocess

import pytest

from dvclite.repo.project import Project


def text_for(data):
    oid = hashlib.sha256(data).hexdigest()
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n".encode()
    )


def give_to_lfs(bench, path, data):
    """Have git track a file as Git LFS would, whether or not that is installed."""
    oid = hashlib.sha256(data).hexdigest()
    bench.write(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", data)
    bench.write(path, text_for(data))
    bench.git("add", "--force", path)


@pytest.fixture
def lfs(repo):
    """A repository with images, a model and some code, of which Git LFS has all but the code."""
    for name in ("cat", "dog", "sub/\xfc x"):
        give_to_lfs(repo, f"images/{name}.jpg", name.encode())
    give_to_lfs(repo, "model.bin", b"model" * 1_000_000)
    give_to_lfs(repo, "mixed/data.bin", b"data")
    repo.write("mixed/code.py", "code\n")
    repo.write(
        ".gitattributes",
        "# what is large\n*.jpg filter=lfs diff=lfs merge=lfs -text\n"
        "*.bin filter=lfs diff=lfs merge=lfs -text\n*.py text\n",
    )
    repo.commit("Data in Git LFS")
    return repo


def tracked(bench):
    return bench.git("ls-files", "-z").split("\0")[:-1]


def test_files_come_from_the_store_and_git_gives_them_up(lfs):
    done = lfs.invoke("migrate", "--from", "lfs", "images", "model.bin")

    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Took over images",
        "Took over model.bin",
        "Removed .gitattributes: *.jpg filter=lfs diff=lfs merge=lfs -text",
        "4 files, 4.8 MiB from Git LFS",
    ]
    assert lfs.read("images/sub/\xfc x.jpg") == "sub/\xfc x".encode()
    assert lfs.read("model.bin") == b"model" * 1_000_000
    assert lfs.read(".gitattributes").decode().splitlines() == [
        "# what is large",
        "*.bin filter=lfs diff=lfs merge=lfs -text",
        "*.py text",
    ]
    assert "images.dvc" in tracked(lfs)
    assert not [name for name in tracked(lfs) if name.startswith("images/")]
    assert lfs.invoke("status").stdout == "Everything is up to date: 2 outputs\n"
    lfs.git("commit", "--quiet", "--message", "Leave")
    assert lfs.git("status", "--porcelain") == ""


def test_folders_with_other_files_are_taken_file_by_file(lfs):
    done = lfs.invoke("migrate", "--from", "lfs", ".")

    assert done.exit_code == 0, done.stderr
    assert lfs.root.joinpath("mixed/data.bin.dvc").exists()
    assert "mixed/code.py" in tracked(lfs)
    assert not lfs.root.joinpath("mixed.dvc").exists()
    assert lfs.read(".gitattributes") == b"# what is large\n*.py text\n"
    lfs.commit("Leave")
    for path in ("mixed/data.bin", "model.bin"):
        (lfs.root / path).unlink()
    assert lfs.invoke("checkout").exit_code == 0
    assert lfs.read("mixed/data.bin") == b"data"


def test_a_dry_run_from_lfs_changes_nothing(lfs):
    done = lfs.invoke("migrate", "--from", "lfs", "--dry", ".")

    assert done.exit_code == 0
    assert "Would take over images" in done.stdout
    assert "Would remove .gitattributes: *.jpg" in done.stdout
    assert lfs.git("status", "--porcelain") == ""
    assert lfs.read("model.bin") == text_for(b"model" * 1_000_000)


def test_what_is_not_in_the_store_is_named_with_what_to_do(lfs):
    shutil.rmtree(lfs.root / ".git/lfs")
    lfs.write("model.bin", b"model" * 1_000_000)

    done = lfs.invoke("migrate", "--from", "lfs", "images", "model.bin")

    assert done.exit_code == 5
    assert "images/cat.jpg" in done.stderr
    assert "model.bin" not in done.stderr
    assert "git lfs fetch" in done.stderr
    assert not (lfs.root / "images.dvc").exists()
    assert "images/cat.jpg" in tracked(lfs)
    assert lfs.invoke("migrate", "--from", "lfs", "model.bin").exit_code == 0


def test_a_damaged_file_in_the_store_does_not_become_data(lfs):
    (stored,) = (
        path
        for path in (lfs.root / ".git/lfs").rglob("*")
        if path.is_file() and path.stat().st_size > 10_000
    )
    stored.write_bytes(b"model" * 999_999 + b"Model")

    done = lfs.invoke("migrate", "--from", "lfs", "model.bin")

    assert done.exit_code == 6
    assert "git lfs fetch" in done.stderr
    assert lfs.read("model.bin") == text_for(b"model" * 1_000_000)


def test_what_was_changed_since_is_what_counts(lfs):
    lfs.write("images/cat.jpg", "another cat")
    lfs.write("images/sub/new.txt", "new")

    assert lfs.invoke("migrate", "--from", "lfs", "images").exit_code == 0

    assert lfs.read("images/cat.jpg") == b"another cat"
    assert lfs.read("images/dog.jpg") == b"dog"
    assert (lfs.root / "images/cat.jpg.dvc").exists()
    assert (lfs.root / "images/sub/\xfc x.jpg.dvc").exists()


def test_targets_that_are_no_files_of_lfs_are_refused(lfs):
    done = lfs.invoke("migrate", "--from", "lfs", "mixed/code.py")

    assert done.exit_code == 1
    assert "git tracks no file of Git LFS's there" in done.stderr
    assert lfs.invoke("migrate", "--from", "lfs").exit_code == 2
    assert lfs.invoke("migrate", "images").exit_code == 2


def test_pointers_do_not_end_up_in_lfs(lfs):
    give_to_lfs(lfs, "all/one", b"1")
    give_to_lfs(lfs, "all/two", b"2")
    lfs.write(".gitattributes", "all/** filter=lfs diff=lfs merge=lfs -text\n")
    lfs.commit("All of a folder")

    assert lfs.invoke("migrate", "--from", "lfs", "all/one").exit_code == 0
    found = lfs.git("check-attr", "filter", "all/one.dvc", "all/.gitignore", "all/two")
    assert found.splitlines() == [
        "all/one.dvc: filter: unspecified",
        "all/.gitignore: filter: unspecified",
        "all/two: filter: lfs",
    ]
    lfs.git("commit", "--quiet", "--message", "One")
    assert lfs.invoke("migrate", "--from", "lfs", "all/two").exit_code == 0

    assert not (lfs.root / ".gitattributes").exists()
    lfs.git("commit", "--quiet", "--message", "Two")
    assert lfs.git("status", "--porcelain") == ""


def test_other_attributes_of_a_line_stay(lfs):
    lfs.write(".gitattributes", '"my data/*" filter=lfs diff=lfs merge=lfs -text export-ignore\n')
    give_to_lfs(lfs, "my data/one", b"1")
    lfs.commit("Data")

    assert lfs.invoke("migrate", "--from", "lfs", "my data").exit_code == 0

    assert lfs.read(".gitattributes") == b'"my data/*" export-ignore\n'


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="Git LFS is not installed")
def test_with_git_lfs_at_work(repo, tmp_path):
    repo.git("lfs", "install", "--local")
    repo.git("lfs", "track", "*.bin")
    repo.write("data/a.bin", "a" * 1000)
    repo.write("data/b.bin", "b" * 1000)
    repo.write("c.bin", "c").chmod(0o755)
    repo.commit("Data")
    (repo.root / "data/a.bin").unlink()
    subprocess.run(
        ["git", "checkout", "--quiet", "data"],
        cwd=repo.root,
        env={**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"},
        check=True,
    )
    assert repo.read("data/a.bin").startswith(b"version ")

    done = repo.invoke("migrate", "--from", "lfs", "data", "c.bin")

    assert done.exit_code == 0, done.stderr
    repo.git("commit", "--quiet", "--message", "Leave")
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("lfs", "ls-files") == ""
    assert repo.read("data/a.bin") == b"a" * 1000
    assert os.access(repo.root / "c.bin", os.X_OK)
    repo.git("checkout", "--quiet", "HEAD~1")
    repo.git("checkout", "--quiet", "main")
    assert repo.invoke("checkout").exit_code == 0
    assert repo.read("data/b.bin") == b"b" * 1000


def test_files_come_into_a_repository_of_dvcs_too(git_repo):
    git_repo.invoke("init", "--dvc")
    give_to_lfs(git_repo, "model.bin", b"model")

    assert git_repo.invoke("migrate", "--from", "lfs", "model.bin").exit_code == 0

    assert b"md5: " in git_repo.read("model.bin.dvc")
    assert git_repo.invoke("status").stdout == "Everything is up to date: 1 output\n"


@pytest.fixture
def dvc(git_repo):
    """A repository of DVC's, with a folder of data, made without DVC."""
    git_repo.invoke("init", "--dvc")
    git_repo.write("data/a", "a")
    git_repo.write("data/run", "run").chmod(0o755)
    (git_repo.root / "data/link").symlink_to("a")
    (git_repo.root / "data/nothing").mkdir()
    assert git_repo.invoke("add", "data").exit_code == 0
    git_repo.commit("Data")
    return git_repo


def test_what_dvc_could_not_tell_comes_from_the_workspace(dvc):
    assert dvc.invoke("migrate").exit_code == 0

    assert dvc.invoke("status").stdout == "Everything is up to date: 1 output\n"
    shutil.rmtree(dvc.root / "data")
    assert dvc.invoke("checkout").exit_code == 0
    assert os.readlink(dvc.root / "data/link") == "a"
    assert (dvc.root / "data/nothing").is_dir()
    assert os.access(dvc.root / "data/run", os.X_OK)


def test_nothing_is_read_again_after_it(dvc, monkeypatch):
    dvc.settle()
    dvc.invoke("checkout")
    assert dvc.invoke("migrate").exit_code == 0

    opened = []
    monkeypatch.setattr("dvclite.workspace.compare._hash", lambda *_: opened.append(1) or (0, ""))
    dvc.invoke("status")

    assert not opened


def test_links_into_the_old_cache_are_clean_afterwards_whatever_was_known_of_them(git_repo):
    git_repo.invoke("init", "--dvc")
    git_repo.invoke("config", "cache.type", "symlink")
    git_repo.write("data/a", "a")
    git_repo.write("model", b"model" * 500_000)
    git_repo.invoke("add", "data", "model")
    git_repo.settle()
    git_repo.invoke("checkout")

    assert git_repo.invoke("migrate").exit_code == 0

    assert git_repo.invoke("status").stdout == "Everything is up to date: 2 outputs\n"
    assert ".dvclite/cache" in os.readlink(git_repo.root / "model")


def test_git_is_told_where_that_is_wanted(dvc):
    dvc.invoke("config", "core.autostage", "true")
    dvc.commit("Stage by itself")

    dvc.invoke("migrate")

    changed = dvc.git("status", "--porcelain").splitlines()
    assert changed == ["A  .dvclite/.gitignore", "A  .dvclite/config", "M  data.dvc"]


def test_a_migration_that_was_not_committed_can_be_given_up(dvc):
    dvc.invoke("migrate")

    dvc.git("checkout", "--", ".")
    assert dvc.invoke("status").stdout == "Everything is up to date: 1 output\n"
    shutil.rmtree(dvc.root / ".dvclite")

    assert dvc.invoke("status").stdout == "Everything is up to date: 1 output\n"
    assert Project.open(dvc.root, os.environ).home.name == "dvc"


def test_a_part_of_a_directory_with_old_names_waits_for_the_rest(dvc):
    pointer = dvc.read("data.dvc")
    dvc.invoke("migrate")
    dvc.write("data.dvc", pointer)
    dvc.write("data/new", "new")

    refused = dvc.invoke("add", "data/new")
    assert refused.exit_code == 1
    assert dvc.invoke("add", "data").exit_code == 0

    assert b"blake3" in dvc.read("data.dvc")
    assert dvc.invoke("status").stdout == "Everything is up to date: 1 output\n"


def test_a_native_repository_becomes_one_of_dvcs(repo, tmp_path):
    repo.invoke("remote", "add", "-d", "store", tmp_path / "store")
    repo.invoke("remote", "modify", "store", "jobs", "3")
    repo.invoke("config", "cache.largest_packed", "10")
    repo.write("data/a", "a")
    repo.write("model", b"model" * 500_000)
    repo.invoke("add", "data", "model")
    repo.commit("Data")
    repo.git("tag", "v1")

    done = repo.invoke("migrate", "--to", "dvc")

    assert done.exit_code == 0, done.stderr
    assert done.stdout.endswith("the repository's format is DVC's now\n")
    assert repo.read(".dvc/config").decode().splitlines() == [
        "[core]",
        "    remote = store",
        "['remote \"store\"']",
        f"    url = {tmp_path / 'store'}",
        "    jobs = 3",
    ]
    assert b"largest_packed" in repo.read(".dvc/config.dvclite")
    repo.commit("For DVC")
    assert repo.git("status", "--porcelain") == ""
    assert repo.invoke("status").stdout == "Everything is up to date: 2 outputs\n"
    repo.write("model", "other")
    repo.invoke("add", "model")
    assert repo.invoke("checkout", "--rev", "v1").exit_code == 0
    assert repo.read("model") == b"model" * 500_000
    assert repo.invoke("push", "--all-tags").exit_code == 0
    assert {path.name for path in (tmp_path / "store").iterdir()} >= {"files", "packs"}


def test_secrets_come_along_and_stay_private(repo, tmp_path):
    repo.invoke("remote", "add", "-d", "cloud", "s3://bucket/there")
    repo.invoke("remote", "modify", "cloud", "secret_access_key", "hush")
    repo.write("data", "data")
    repo.invoke("add", "data")

    done = repo.invoke("migrate", "--to", "dvc", "-vv")

    local = repo.root / ".dvc/config.local"
    assert "hush" not in done.stdout + done.stderr + (repo.root / ".dvc/config").read_text()
    assert "hush" in local.read_text()
    assert local.stat().st_mode & 0o077 == 0
