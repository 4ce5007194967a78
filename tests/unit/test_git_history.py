import os
import shutil
import subprocess
import sys

import pytest

from dvclite.errors import GitError, UnknownRevisionError
from dvclite.git import reader
from dvclite.git.history import History, Scope
from dvclite.git.reader import Reader
from dvclite.git.refs import Head
from dvclite.git.versions import FileVersion


def history(bench, below="", **environ):
    return History(bench.root / below, {**os.environ, **environ})


def commit_id(bench, revision="HEAD"):
    return bench.git("rev-parse", f"{revision}^{{commit}}").strip()


def contents(versions):
    return sorted((version.path, version.data) for version in versions)


def test_every_notation_of_git_names_a_commit(git_repo):
    first = commit_id(git_repo)
    git_repo.git("tag", "-a", "v1", "-m", "one")
    git_repo.git("tag", "-a", "vv1", "-m", "two", "v1")
    git_repo.commit("second thing")
    git_repo.git("branch", "side/x")
    second = commit_id(git_repo)
    past = history(git_repo)
    for revision in ("HEAD~1", "v1", "vv1", "HEAD^", first, first[:10], "v1^{}", "HEAD@{1}", "@~"):
        assert past.resolve(revision) == first
    for revision in (
        "HEAD",
        "@",
        "side/x",
        "refs/heads/side/x",
        ":/second thing",
        "v1-1-g" + second[:9],
    ):
        assert past.resolve(revision) == second


@pytest.mark.parametrize(
    "revision",
    [
        "",
        "nowhere",
        "-x",
        "--all",
        "HEAD~99",
        "v1\n",
        "HEAD\nHEAD",
        "a\0b",
        "HEAD:x",
        "HEAD^{tree}",
    ],
)
def test_what_names_no_commit_is_an_unknown_revision(git_repo, revision):
    git_repo.write("x")
    git_repo.commit()
    with pytest.raises(UnknownRevisionError) as caught:
        history(git_repo).resolve(revision)
    assert repr(revision) in str(caught.value)


def test_a_name_that_begins_with_a_dash_is_a_name(git_repo):
    git_repo.git("update-ref", "refs/heads/--all", "HEAD")
    assert history(git_repo).resolve("--all") == commit_id(git_repo)
    assert history(git_repo).branches()["--all"] == commit_id(git_repo)


def test_digits_that_fit_two_commits_are_told_from_digits_that_fit_none(git_repo):
    lines = (
        b"commit refs/heads/many\ncommitter A <a@b> %d +0000\ndata 1\nx\n" % n for n in range(2000)
    )
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, input=b"".join(lines), cwd=git_repo.root, check=True)
    ids = git_repo.git("rev-list", "many").split()
    short = next(a[:4] for a in ids if any(a != b and a[:4] == b[:4] for b in ids))
    with pytest.raises(GitError, match="short for several commits"):
        history(git_repo).resolve(short)


def test_a_branch_is_checked_out(git_repo):
    git_repo.git("checkout", "-q", "-b", "a/b")
    assert history(git_repo).head() == Head(commit_id(git_repo), "a/b")


def test_a_head_may_be_detached(git_repo):
    git_repo.git("checkout", "-q", "--detach")
    assert history(git_repo).head() == Head(commit_id(git_repo), None)


def test_a_head_may_have_no_commit_yet(git_repo):
    git_repo.git("checkout", "-q", "--orphan", "new")
    past = history(git_repo)
    assert past.head() == Head(None, "new")
    assert list(past.log("x.dvc")) == []
    with pytest.raises(UnknownRevisionError):
        past.resolve("HEAD")


def test_a_repository_without_a_commit_has_nothing_in_any_scope(git_repo, tmp_path):
    git_repo.git("init", "-q", tmp_path / "empty")
    past = History(tmp_path / "empty", os.environ)
    assert past.head() == Head(None, "main")
    assert [past.commits(scope) for scope in Scope] == [[], [], [], []]
    assert list(past.pointers_kept()) == []


def test_a_branch_that_cannot_be_read_is_not_taken_for_one_without_commits(git_repo):
    git_repo.write(".git/refs/heads/main", "")
    with pytest.raises(GitError, match="refs/heads/main"):
        history(git_repo).head()


@pytest.mark.parametrize("detached", [False, True])
def test_a_head_whose_commit_is_missing_is_not_taken_for_one_without_commits(git_repo, detached):
    if detached:
        git_repo.git("checkout", "-q", "--detach")
    head = commit_id(git_repo)
    (git_repo.root / ".git" / "objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(GitError):
        history(git_repo).head()


def test_a_file_is_read_as_of_a_commit_without_touching_the_work_tree(git_repo):
    git_repo.write("d/x.dvc", "one\n")
    git_repo.commit()
    first = commit_id(git_repo)
    git_repo.write("d/x.dvc", "two\n")
    past = history(git_repo)
    assert past.read(first, "d/x.dvc") == b"one\n"
    assert past.read(first, "d/gone") is None
    assert past.read(first, "x.dvc") is None
    assert past.read(first, "d/x.dvc/deeper") is None
    assert past.read(first, "") is None
    assert past.read(first, "d//x.dvc") is None
    assert git_repo.read("d/x.dvc") == b"two\n"
    assert git_repo.git("status", "--porcelain") == " M d/x.dvc\n"


def test_only_regular_files_are_read(git_repo, tmp_path):
    git_repo.git("clone", "-q", ".", tmp_path / "library")
    git_repo.git("submodule", "--quiet", "add", tmp_path / "library", "sub.dvc")
    (git_repo.root / "link.dvc").symlink_to("x.dvc")
    git_repo.write("folder.dvc/file")
    git_repo.write("x.dvc").chmod(0o755)
    git_repo.commit()
    past = history(git_repo)
    head = commit_id(git_repo)
    for path in ("sub.dvc", "link.dvc", "folder.dvc"):
        assert past.read(head, path) is None
    assert contents(past.pointers(head)) == [("x.dvc", b"content\n")]
    assert contents(past.staged()) == [("x.dvc", b"content\n")]


def test_a_file_larger_than_its_limit_is_refused_and_a_pointer_reported(git_repo):
    git_repo.write("huge.dvc", b"x" * ((1 << 20) + 1))
    git_repo.write("large.dvc", b"x" * (1 << 20))
    git_repo.commit()
    past = history(git_repo)
    head = commit_id(git_repo)
    with pytest.raises(GitError, match=r"huge\.dvc has 1,048,577 bytes"):
        past.read(head, "huge.dvc")
    assert len(past.read(head, "huge.dvc", limit=1 << 21)) == (1 << 20) + 1
    found = {version.path: (version.size, version.data) for version in past.pointers(head)}
    assert found == {
        "huge.dvc": ((1 << 20) + 1, None),
        "large.dvc": (1 << 20, b"x" * (1 << 20)),
    }


def test_files_of_a_commit_are_chosen_by_path(git_repo):
    for path in ("dvc.lock", "a/dvc.lock", "a/x.dvc", ".dvc", "b.dvc/c"):
        git_repo.write(path)
    git_repo.commit()
    found = history(git_repo).files(commit_id(git_repo), lambda path: path.startswith("a/"))
    assert sorted(version.path for version in found) == ["a/dvc.lock", "a/x.dvc"]
    assert contents(history(git_repo).pointers(commit_id(git_repo))) == [("a/x.dvc", b"content\n")]


def test_a_root_below_the_top_sees_what_is_below_it(git_repo):
    for path in ("x.dvc", "sub/x.dvc", "sub/d/y.dvc", "subtle/x.dvc"):
        git_repo.write(path, path)
    git_repo.commit()
    git_repo.write("x.dvc", "changed")
    git_repo.commit()
    past = history(git_repo, "sub")
    head = past.resolve("HEAD")
    expected = [("d/y.dvc", b"sub/d/y.dvc"), ("x.dvc", b"sub/x.dvc")]
    assert contents(past.pointers(head)) == expected
    assert contents(past.pointers_kept()) == expected
    assert contents(past.staged()) == expected
    assert past.read(head, "x.dvc") == b"sub/x.dvc"
    (change,) = past.log("x.dvc")
    assert (change.file.path, change.file.data) == ("x.dvc", b"sub/x.dvc")
    git_repo.git("rm", "-q", "-r", "--cached", "sub")
    git_repo.git("commit", "-q", "-m", "Remove")
    assert contents(past.pointers(past.resolve("HEAD"))) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")
def test_a_name_that_is_not_utf8_comes_as_surrogates(git_repo):
    name = "d\udcff/x\udcfe.dvc"
    git_repo.write(name, "odd\n")
    git_repo.commit()
    git_repo.write("new\udcff.dvc", "new\n")
    git_repo.git("add", "new\udcff.dvc")
    git_repo.git("update-ref", os.fsdecode(b"refs/heads/b\xff"), "HEAD")
    past = history(git_repo)
    head = commit_id(git_repo)
    assert past.read(head, name) == b"odd\n"
    assert contents(past.pointers(head)) == [(name, b"odd\n")]
    assert contents(past.staged()) == [(name, b"odd\n"), ("new\udcff.dvc", b"new\n")]
    assert past.branches()["b\udcff"] == head
    assert past.resolve("b\udcff") == head
    assert [change.commit for change in past.log(name)] == [head]


def test_branches_and_tags_come_with_the_commits_they_lead_to(git_repo):
    first = commit_id(git_repo)
    git_repo.git("tag", "light")
    git_repo.git("tag", "-a", "heavy", "-m", "said")
    git_repo.git("tag", "-a", "twice", "-m", "said", "heavy")
    git_repo.git("tag", "of-a-tree", "HEAD^{tree}")
    git_repo.git("branch", "side")
    git_repo.git("pack-refs", "--all")
    git_repo.commit()
    git_repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/side")
    git_repo.git("update-ref", "refs/remotes/origin/far", "HEAD")
    past = history(git_repo)
    assert past.branches() == {"main": commit_id(git_repo), "side": first}
    assert past.tags() == {"heavy": first, "light": first, "twice": first}


def test_scopes_hold_what_their_names_say(git_repo):
    ids = {}
    for name in ("one", "two", "three"):
        git_repo.commit(name)
        ids[name] = commit_id(git_repo)
    git_repo.git("tag", "-a", "v1", "-m", "said", ids["one"])
    git_repo.git("tag", "v1-again", ids["one"])
    git_repo.git("update-ref", "refs/remotes/origin/far", ids["three"])
    git_repo.git("reset", "-q", "--hard", ids["two"])
    past = history(git_repo)
    begin = commit_id(git_repo, ids["one"] + "~1")
    assert past.commits(Scope.BRANCHES) == [ids["two"]]
    assert past.commits(Scope.TAGS) == [ids["one"]]
    assert sorted(past.commits(Scope.COMMITS)) == sorted([begin, *ids.values()])
    git_repo.git("update-ref", "-d", "refs/remotes/origin/far")
    assert ids["three"] not in past.commits(Scope.COMMITS)
    assert ids["three"] in past.commits(Scope.EVERYTHING)


def test_a_detached_head_is_among_all_commits(git_repo):
    git_repo.git("checkout", "-q", "--detach")
    git_repo.commit("on no branch")
    assert commit_id(git_repo) in history(git_repo).commits(Scope.COMMITS)


def test_pointers_of_many_commits_come_once_each(git_repo):
    git_repo.write("same/x.dvc", "same\n")
    for number in range(5):
        git_repo.write("d/y.dvc", f"{number}\n")
        git_repo.write("other", f"{number}\n")
        git_repo.commit()
    git_repo.git("mv", "same", "moved")
    git_repo.commit()
    past = history(git_repo)
    found = list(past.pointers_everywhere(past.commits(Scope.COMMITS)))
    assert contents(found) == [
        *(("d/y.dvc", b"%d\n" % number) for number in range(5)),
        ("moved/x.dvc", b"same\n"),
        ("same/x.dvc", b"same\n"),
    ]
    assert {version.size for version in found} == {2, 5}
    assert past.read(commit_id(git_repo, "HEAD~1"), "same/x.dvc") == b"same\n"


def test_a_folder_that_many_commits_share_is_read_once(git_repo, monkeypatch):
    commits, folders = 50, 10
    stream = b""
    for number in range(commits):
        stream += b"commit refs/heads/long\ncommitter A <a@b> %d +0000\ndata 1\nx\n" % number
        for folder in range(folders if number == 0 else 1):
            stream += b"M 644 inline d%d/x.dvc\ndata 2\n%02d\n" % (folder, number)
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, input=stream, cwd=git_repo.root, check=True)
    reads = []
    honest = Reader._tree
    monkeypatch.setattr(Reader, "_tree", lambda *given: reads.append(given) or honest(*given))
    past = history(git_repo)
    found = list(past.pointers_everywhere(past.commits(Scope.COMMITS)))
    assert len(found) == commits + folders - 1
    assert len(reads) == 1 + 2 * commits + folders - 1


def test_a_shallow_clone_is_read_to_its_boundary_and_says_that_it_is_one(git_repo, tmp_path):
    for number in range(4):
        git_repo.write("x.dvc", f"{number}\n")
        git_repo.commit()
    assert not history(git_repo).is_shallow()
    git_repo.git("clone", "-q", "--depth", "2", git_repo.root.as_uri(), tmp_path / "shallow")
    git_repo.git("worktree", "add", "-q", tmp_path / "linked", cwd=tmp_path / "shallow")
    for root in (tmp_path / "shallow", tmp_path / "linked"):
        past = History(root, os.environ)
        assert past.is_shallow()
        assert len(past.commits(Scope.EVERYTHING)) == 2
        assert contents(past.pointers_kept()) == [("x.dvc", b"2\n"), ("x.dvc", b"3\n")]
        assert [change.file.data for change in past.log("x.dvc")] == [b"3\n", b"2\n"]


def test_what_a_partial_clone_lacks_is_an_error_that_says_how_to_complete_it(git_repo, tmp_path):
    git_repo.write("x.dvc", "old\n")
    git_repo.commit()
    git_repo.write("x.dvc", "new\n")
    git_repo.commit()
    git_repo.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git_repo.git("clone", "-q", "--filter=blob:none", git_repo.root.as_uri(), partial)
    git_repo.git("config", "core.repositoryFormatVersion", "1", cwd=partial)
    git_repo.git("config", "extensions.partialClone", "origin", cwd=partial)
    past = History(partial, os.environ)
    assert contents(past.pointers(past.resolve("HEAD"))) == [("x.dvc", b"new\n")]
    with pytest.raises(GitError, match=r"x\.dvc") as caught:
        list(past.pointers_kept())
    command = "git fetch --refetch --no-filter"
    assert command in caught.value.hint
    git_repo.git(*command.split()[1:], "-q", cwd=partial)
    assert contents(History(partial, os.environ).pointers_kept()) == [
        ("x.dvc", b"new\n"),
        ("x.dvc", b"old\n"),
    ]


@pytest.mark.parametrize(
    "revision", ["HEAD~1^{commit}", "HEAD~1^{tree}", "HEAD~1:d", "HEAD~1:d/x.dvc"]
)
@pytest.mark.parametrize("damage", ["removed", "emptied", "flipped"])
def test_whatever_cannot_be_read_is_an_error_that_names_it(git_repo, revision, damage):
    git_repo.write("d/x.dvc", "old\n")
    git_repo.commit()
    git_repo.write("d/x.dvc", "new\n")
    git_repo.commit()
    name = git_repo.git("rev-parse", revision).strip()
    file = git_repo.root / ".git" / "objects" / name[:2] / name[2:]
    held = file.read_bytes()
    file.unlink()
    if damage == "emptied":
        file.write_bytes(b"")
    elif damage == "flipped":
        file.write_bytes(held[:-3] + bytes([held[-3] ^ 0xFF]) + held[-2:])
    with pytest.raises(GitError) as caught:
        list(history(git_repo).pointers_kept())
    assert name in str(caught.value) or (
        revision.endswith("^{commit}") and "reflog of 'refs/heads/main'" in str(caught.value)
    )
    with pytest.raises(GitError):
        list(history(git_repo).log("d/x.dvc"))
    if damage != "removed":
        assert contents(history(git_repo).pointers(commit_id(git_repo))) == [("d/x.dvc", b"new\n")]


def test_a_repository_with_sha256_names_says_so_and_is_staged_into_all_the_same(git_repo, tmp_path):
    git_repo.git("init", "-q", "--object-format=sha256", tmp_path / "new")
    (tmp_path / "new" / "x.dvc").write_text("x")
    git_repo.git("add", ".", cwd=tmp_path / "new")
    git_repo.git("commit", "-q", "-m", "x", cwd=tmp_path / "new")
    past = History(tmp_path / "new", os.environ)
    assert len(past.head().commit) == 64
    with pytest.raises(GitError, match="SHA-256"):
        past.commits(Scope.EVERYTHING)


def test_commits_are_read_although_libgit2_could_not_read_the_refs(git_repo):
    git_repo.write("x.dvc")
    git_repo.commit()
    head = commit_id(git_repo)
    past = history(git_repo)
    git_repo.git("config", "core.repositoryFormatVersion", "1")
    git_repo.git("config", "extensions.refStorage", "reftable")
    assert contents(past.pointers(head)) == [("x.dvc", b"content\n")]


def test_an_extension_that_nobody_knows_is_an_error(git_repo):
    head = commit_id(git_repo)
    past = history(git_repo)
    git_repo.git("config", "core.repositoryFormatVersion", "1")
    git_repo.git("config", "extensions.newfangled", "1")
    with pytest.raises(GitError, match=r"libgit2 cannot read .*newfangled"):
        past.read(head, "x")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs to give files away")
def test_libgit2_refuses_a_repository_of_somebody_else_as_git_does(git_repo):
    head = commit_id(git_repo)
    past = history(git_repo)
    os.chown(git_repo.root, 12345, 12345)
    os.chown(git_repo.root / ".git", 12345, 12345)
    for ask in (lambda: past.read(head, "x"), past.head):
        with pytest.raises(GitError, match="another user owns it") as caught:
            ask()
        assert "git config --global --add safe.directory" in caught.value.hint


def test_history_is_read_in_linked_worktrees_submodules_and_bare_setups(git_repo, tmp_path):
    git_repo.write("x.dvc")
    git_repo.commit()
    git_repo.git("worktree", "add", "-q", tmp_path / "linked")
    git_repo.git("clone", "-q", ".", tmp_path / "library")
    git_repo.git("submodule", "--quiet", "add", tmp_path / "library", "sub")
    git_repo.git("clone", "-q", "--bare", ".", tmp_path / "dotfiles.git")
    (tmp_path / "home").mkdir()
    bare = {"GIT_DIR": str(tmp_path / "dotfiles.git"), "GIT_WORK_TREE": str(tmp_path / "home")}
    for root, environ in (
        (tmp_path / "linked", {}),
        (git_repo.root / "sub", {}),
        (tmp_path / "home", bare),
    ):
        past = History(root, {**os.environ, **environ})
        head = past.resolve("HEAD")
        assert past.head().commit == head
        assert contents(past.pointers(head)) == [("x.dvc", b"content\n")]
        assert contents(past.pointers_kept()) == [("x.dvc", b"content\n")]
    assert History(tmp_path / "linked", os.environ).head().branch == "linked"


def test_a_tree_that_is_a_trap_is_an_error(git_repo, monkeypatch):
    blob = git_repo.git("hash-object", "-w", "--stdin").strip()
    entry = f"100644 blob {blob}\tx.dvc"
    for _ in range(7):
        listing = f"{entry}\n" if entry.startswith("100644") else ""
        listing = listing or "".join(f"{entry}\t{name}\n" for name in "0123456789")
        done = subprocess.run(
            ["git", "mktree"], input=listing, cwd=git_repo.root, capture_output=True, text=True
        )
        entry = f"040000 tree {done.stdout.strip()}"
    trap = git_repo.git("commit-tree", "-m", "trap", entry.split()[-1]).strip()
    monkeypatch.setattr(reader, "_MOST_FOLDERS", 1000)
    with pytest.raises(GitError, match="more folders"):
        list(history(git_repo).pointers(trap))


def test_blobs_of_the_empty_file_need_not_be_there(git_repo):
    git_repo.write("x.dvc")
    git_repo.git("add", "--intent-to-add", "x.dvc")
    shutil.rmtree(git_repo.root / ".git" / "objects" / "e6")
    assert list(history(git_repo).staged()) == [
        FileVersion("x.dvc", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", 0, b"")
    ]


def test_importing_history_loads_neither_pygit2_nor_subprocess():
    code = "import sys, dvclite.git.history, dvclite.git.index; print('pygit2' in sys.modules, 'subprocess' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr
