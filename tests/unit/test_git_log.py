import os
import subprocess
from datetime import UTC, datetime, timedelta, timezone

from dvclite.git.history import History


def log(bench, path="x.dvc", **chosen):
    return list(History(bench.root, os.environ).log(path, **chosen))


def put(bench, content, path="x.dvc"):
    bench.write(path, content)
    bench.commit(content)


def told(changes):
    return [
        (change.subject, change.file.data.decode() if change.file else None) for change in changes
    ]


def test_the_commits_that_changed_a_file_come_newest_first(git_repo):
    put(git_repo, "one", "d/x.dvc")
    put(git_repo, "elsewhere", "other")
    put(git_repo, "two", "d/x.dvc")
    git_repo.commit("nothing")
    changes = log(git_repo, "d/x.dvc")
    assert told(changes) == [("two", "two"), ("one", "one")]
    assert [change.commit for change in changes] == git_repo.git(
        "log", "--format=%H", "--", "d/x.dvc"
    ).split()
    assert changes[0].file.path == "d/x.dvc"
    assert changes[0].file.size == 3


def test_a_file_that_never_was_has_no_changes(git_repo):
    assert log(git_repo) == []


def test_a_removal_is_a_change_and_so_is_the_return(git_repo):
    put(git_repo, "one")
    (git_repo.root / "x.dvc").unlink()
    git_repo.commit("removed")
    put(git_repo, "one")
    assert told(log(git_repo)) == [("one", "one"), ("removed", None), ("one", "one")]


def test_changes_are_told_from_any_commit_on(git_repo):
    put(git_repo, "one")
    first = git_repo.git("rev-parse", "HEAD").strip()
    put(git_repo, "two")
    assert told(log(git_repo, commit=first)) == [("one", "one")]


def test_a_merge_counts_only_if_it_differs_from_all_that_it_merged(git_repo):
    put(git_repo, "base")
    git_repo.git("checkout", "-q", "-b", "side")
    put(git_repo, "side")
    git_repo.git("checkout", "-q", "main")
    git_repo.commit("main")
    git_repo.git("merge", "-q", "--no-ff", "-m", "took the side", "side")
    assert told(log(git_repo)) == [("side", "side"), ("base", "base")]
    git_repo.git("checkout", "-q", "-b", "other", "HEAD~1")
    put(git_repo, "other")
    git_repo.git("checkout", "-q", "main")
    git_repo.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", "other")
    git_repo.write("x.dvc", "both")
    git_repo.commit("both")
    changes = told(log(git_repo))
    assert changes[0] == ("both", "both")
    assert sorted(changes[1:]) == [("base", "base"), ("other", "other"), ("side", "side")]


def test_tags_that_hold_a_version_are_named_with_it(git_repo):
    put(git_repo, "one")
    git_repo.commit("later")
    git_repo.git("tag", "v1")
    git_repo.git("tag", "-a", "release/1", "-m", "said")
    put(git_repo, "two")
    git_repo.git("tag", "v2")
    (git_repo.root / "x.dvc").unlink()
    git_repo.commit("removed")
    git_repo.git("tag", "v3")
    assert [change.tags for change in log(git_repo)] == [(), ("v2",), ("release/1", "v1")]


def test_date_author_and_subject_are_the_authors_own(git_repo, monkeypatch):
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2024-02-29T12:34:56+05:30")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Zoë")
    put(git_repo, "A subject\n\nand more\n")
    (change,) = log(git_repo)
    zone = timezone(timedelta(hours=5, minutes=30))
    assert change.date == datetime(2024, 2, 29, 12, 34, 56, tzinfo=zone)
    assert change.date.utcoffset() == timedelta(hours=5, minutes=30)
    assert (change.author, change.subject) == ("Zoë", "A subject")


def make_commit(bench, text):
    """Commit the index with a commit's own text, which git would not write."""
    tree = bench.git("write-tree").strip().encode()
    done = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        input=text.replace(b"TREE", b"tree " + tree),
        cwd=bench.root,
        capture_output=True,
        check=True,
    )
    return done.stdout.decode().strip()


def test_words_in_other_encodings_are_read(git_repo):
    git_repo.write("x.dvc")
    git_repo.git("add", "x.dvc")
    who = b"Zo\xeb <z@example.com> 1700000000 +0000"
    for encoding, name in ((b"latin-1", "Zoë"), (b"nonsense", "Zo\ufffd")):
        commit = make_commit(
            git_repo,
            b"TREE\nauthor "
            + who
            + b"\ncommitter "
            + who
            + b"\nencoding "
            + encoding
            + b"\n\n\xeb\n",
        )
        (change,) = log(git_repo, commit=commit)
        assert change.author == name


def test_a_date_that_no_calendar_has_is_no_error(git_repo):
    git_repo.write("x.dvc")
    git_repo.git("add", "x.dvc")
    for date, expected in ((b"99999999999999 +0000", 0), (b"1700000000 +9999", 1700000000)):
        who = b"A <a@example.com> " + date
        commit = make_commit(git_repo, b"TREE\nauthor " + who + b"\ncommitter " + who + b"\n\nx\n")
        (change,) = log(git_repo, commit=commit)
        assert change.date == datetime.fromtimestamp(expected, UTC)


def test_a_pointer_too_large_to_be_one_is_told_by_its_size(git_repo):
    put(git_repo, "small")
    git_repo.write("x.dvc", b"x" * ((1 << 20) + 1))
    git_repo.commit("large")
    large, small = log(git_repo)
    assert (large.file.size, large.file.data) == ((1 << 20) + 1, None)
    assert small.file.data == b"small"
