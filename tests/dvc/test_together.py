"""What of a repository is DVC's, and what dvclite does where it would do something else."""

import hashlib
import os

import pytest

fcntl = pytest.importorskip("fcntl")


def test_init_makes_what_dvc_makes(git_repo, dvc, make_shared):
    theirs = make_shared("theirs")
    done = git_repo.invoke("init", "--dvc")
    assert done.exit_code == 0, done.stderr
    for path in (".dvc/config", ".dvc/.gitignore", ".dvc/tmp/btime"):
        assert git_repo.read(path) == theirs.read(path)
    assert dvc.run("status", cwd=git_repo.root).exit_code == 0
    again = git_repo.invoke("init")
    assert again.exit_code == 1
    assert "already" in again.stderr


def test_an_output_that_is_not_cached(shared):
    shared.write("report.json", "{}\n")
    shared.write("data/a", "a")
    for name in ("report.json", "data"):
        shared.write(f"{name}.dvc", f"outs:\n- path: {name}\n  cache: false\n")
    shared.lite("commit")
    assert b"md5: 8a80554c91d9fca8acb82f023de02f11\n" in shared.read("report.json.dvc")
    assert not (shared.root / ".gitignore").exists()
    assert shared.cached() == {}
    assert "up to date" in shared.lite("status")
    assert "up to date" in shared.dvc("status")
    shared.write("report.json", "{1}\n")
    shared.write("data/a", "b")
    assert "modified" in shared.dvc("status")
    told = shared.lite("status")
    assert "report.json" in told
    assert "data" in told


def test_an_output_that_stays_at_home_and_one_for_another_remote(shared, tmp_path):
    for name in ("main", "other"):
        shared.lite("remote", "add", name, tmp_path / name)
    shared.lite("remote", "default", "main")
    for name in ("a", "b", "c"):
        shared.write(name, name)
    shared.lite("add", "a", "b", "c")
    shared.write("a.dvc", shared.read("a.dvc") + b"  push: false\n")
    shared.write("b.dvc", shared.read("b.dvc") + b"  remote: other\n")
    shared.lite("push")
    assert len(list(tmp_path.glob("main/files/md5/*/*"))) == 1
    assert len(list(tmp_path.glob("other/files/md5/*/*"))) == 1
    assert "up to date" in shared.dvc("push")


def test_writing_waits_for_dvc_and_reading_does_not(shared):
    shared.write("a", "a")
    shared.lite("add", "a")
    lock = shared.root / ".dvc/tmp/lock"
    with open(lock, "a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "up to date" in shared.lite("status")
        shared.lite("diff")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dvclite.repo.project.PATIENCE", 0.05)
            for words in (["add", "a"], ["commit"], ["checkout"], ["gc"], ["remove", "a"]):
                assert shared.invoke(*words).exit_code == 4, words


def test_dvc_waits_for_dvclite(shared):
    shared.write("a", "a")
    lock = shared.root / ".dvc/tmp/lock"
    os.makedirs(lock.parent, exist_ok=True)
    from dvclite.repo.project import Project

    with Project.open(shared.root, os.environ).exclusive():
        assert shared.try_dvc("add", "a").exit_code != 0


def test_own_settings_do_not_stop_dvc(shared, tmp_path):
    shared.lite("remote", "add", "-d", "store", tmp_path / "store")
    shared.lite("config", "gc.trash_days", "3")
    shared.lite("config", "--local", "core.jobs", "3")
    shared.lite("remote", "modify", "store", "layout", "loose")
    shared.dvc("status")
    assert "core.jobs" in shared.lite("config", "--list")
    assert "tmp/" not in shared.git("status", "--short", "--untracked-files=all")


def old_layout(bench, files):
    """Make `data` and `text` as DVC 2 left them; text with line ends of Windows."""

    def name(data):
        return hashlib.md5(data.replace(b"\r\n", b"\n")).hexdigest()

    def store(oid, data):
        path = bench.write(f".dvc/cache/{oid[:2]}/{oid[2:]}", data)
        path.chmod(0o444)

    for data in files.values():
        store(name(data), data)
    rows = [
        f'{{"md5": "{name(data)}", "relpath": "{path}"}}' for path, data in sorted(files.items())
    ]
    tree = f"[{', '.join(rows)}]".encode()
    oid = hashlib.md5(tree).hexdigest() + ".dir"
    store(oid, tree)
    size = sum(map(len, files.values()))
    text = f"outs:\n- md5: {oid}\n  size: {size}\n  nfiles: {len(files)}\n  path: data\n"
    bench.write("data.dvc", text)
    bench.write(".gitignore", "/data\n")


def test_data_of_old_versions(make_shared, tmp_path):
    files = {"a.txt": b"a\r\nb\r\n", "sub/b": b"b"}
    bench = make_shared("old")
    old_layout(bench, files)
    bench.lite("checkout")
    assert bench.data("data") == {f"data/{path}": data for path, data in files.items()}
    for tool in (bench.dvc, bench.lite):
        assert "up to date" in tool("status")
    before = bench.tracked()
    bench.lite("add", "data")
    assert bench.tracked() == before
    assert bench.cached() == {}
    bench.lite("remote", "add", "-d", "store", tmp_path / "store")
    bench.lite("push")
    assert "in sync" in bench.dvc("status", "-c")
    bench.commit()
    clone = bench.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("data") == bench.data("data")
    assert "up to date" in clone.dvc("status")
    clone.lite("gc", "--now", "--force")
    assert "up to date" in clone.lite("status")
    bench.write("data/new", b"new")
    theirs = clone
    theirs.write("data/new", b"new")
    theirs.dvc("add", "data")
    bench.lite("add", "data")
    assert bench.read("data.dvc") == theirs.read("data.dvc")
    assert bench.cached().keys() == theirs.cached().keys()


def test_imported_data_is_not_pushed(make_shared, tmp_path):
    source, bench = make_shared("source"), make_shared("bench")
    source.write("data/a", "a")
    source.dvc("add", "data")
    source.dvc("remote", "add", "-d", "store", tmp_path / "theirs")
    source.dvc("push")
    source.commit()
    bench.dvc("import", source.root, "data")
    bench.dvc("remote", "add", "-d", "store", tmp_path / "ours")
    assert "up to date" in bench.lite("status")
    bench.lite("push")
    assert not list(tmp_path.glob("ours/files/md5/*/*"))
    before = bench.read("data.dvc")
    bench.lite("gc", "--force")
    bench.lite("checkout")
    assert bench.data("data") == {"data/a": b"a"}
    assert bench.read("data.dvc") == before


def test_pointers_that_dvcignore_names_are_hidden(shared):
    shared.write("old/a", "a")
    shared.write("b", "b")
    shared.lite("add", "old/a", "b")
    shared.write(".dvcignore", "old\nb.dvc\n")
    assert "no data" in shared.dvc("status")
    assert "Nothing is tracked" in shared.lite("status")


def test_links_inside_a_directory(shared, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("far")
    shared.write("data/a", "near")
    (shared.root / "data/near").symlink_to("a")
    (shared.root / "data/far").symlink_to(outside)
    shared.lite("add", "data")
    assert "up to date" in shared.lite("status")
    assert "up to date" in shared.dvc("status")
    outside.write_text("other")
    assert "data" in shared.lite("status").replace("up to date", "")
    assert "modified" in shared.dvc("status")


@pytest.mark.parametrize("target", ["sub", "nowhere"])
def test_a_link_that_dvc_would_lose_is_refused(shared, target):
    shared.write("data/sub/a", "a")
    (shared.root / "data/link").symlink_to(target)
    done = shared.invoke("add", "data")
    assert done.exit_code == 1
    assert "data/link" in done.stderr
    assert not (shared.root / "data.dvc").exists()


@pytest.mark.parametrize("inner", [".dvc", "sub/.dvc"])
def test_a_repository_inside_a_directory_is_refused(shared, inner):
    shared.write(f"data/{inner}/config", "")
    shared.write("data/a", "a")
    done = shared.invoke("add", "data")
    assert done.exit_code == 1
    assert not (shared.root / "data.dvc").exists()


def test_a_damaged_download_is_noticed(shared, tmp_path):
    shared.lite("remote", "add", "-d", "store", tmp_path / "store")
    shared.write("data/a", "a")
    shared.write("data/b", "b")
    shared.dvc("add", "data")
    shared.dvc("push")
    shared.commit()
    clone = shared.clone(tmp_path / "clone")
    bad = tmp_path / "store/files/md5/0c/c175b9c0f1b6a831c399e269772661"
    bad.chmod(0o644)
    bad.write_bytes(b"x")
    done = clone.invoke("pull")
    assert done.exit_code != 0
    assert clone.data("data") == {"data/b": b"b"}


def test_blobs_have_the_mode_that_dvc_trusts_whatever_the_umask(shared):
    before = os.umask(0o077)
    try:
        shared.write("data/a", "a")
        shared.lite("add", "data")
    finally:
        os.umask(before)
    assert {mode for mode, _data in shared.cached().values()} == {0o444}


def test_gc_stops_where_it_cannot_know_what_is_needed(shared, tmp_path):
    shared.write("a", "a")
    shared.lite("add", "a")
    shared.lite("cache", "dir", tmp_path / "cache")
    done = shared.invoke("gc", "--force")
    assert done.exit_code == 1
    assert "only DVC" in done.stderr


def test_a_remote_of_versions_is_named_as_such(shared, tmp_path):
    shared.lite("remote", "add", "-d", "store", "s3://bucket/a")
    shared.lite("remote", "modify", "store", "version_aware", "true")
    shared.write("a", "a")
    shared.lite("add", "a")
    done = shared.invoke("push")
    assert done.exit_code != 0
    assert "version_aware" in done.stderr


def test_settings_of_dvc_for_users(shared, home, tmp_path):
    folder = home / ".config/dvc"
    folder.mkdir(parents=True)
    (folder / "config").write_text(
        f"['remote \"mine\"']\n    url = {tmp_path}/mine\n[core]\n    remote = mine\n"
    )
    shared.write("a", "a")
    shared.lite("add", "a")
    shared.lite("push")
    assert len(list(tmp_path.glob("mine/files/md5/*/*"))) == 1
