"""What DVC imported is fetched from where it is from, and updated as DVC would."""

import http.server
import re
import threading

import pytest


@pytest.fixture
def source(make_shared, tmp_path):
    """A repository of data with two versions, `v1` and `main`, and a remote."""
    bench = make_shared("source")
    bench.write("data/a", "a")
    bench.write("data/sub/b", "b")
    bench.write("code.txt", "code")
    bench.write("mixed/plain", "plain")
    bench.write("mixed/d", "d")
    bench.dvc("add", "data", "mixed/d")
    bench.dvc("remote", "add", "-d", "store", tmp_path / "theirs")
    bench.dvc("push")
    bench.commit()
    bench.git("tag", "v1")
    return bench


def go_on(source):
    """Make another version of the source."""
    source.write("data/a", "another")
    source.write("data/new", "new")
    source.write("code.txt", "more code")
    source.write("mixed/plain", "plainer")
    source.dvc("add", "data")
    source.dvc("push")
    source.commit()


IMPORTED = {
    "whole": ("data",),
    "old": ("data", "--rev", "v1"),
    "inner": ("data/sub",),
    "single": ("data/a",),
    "text": ("code.txt",),
    "mix": ("mixed",),
}


@pytest.fixture
def importer(make_shared, source):
    """A repository into which DVC has imported all kinds of things from the source."""
    bench = make_shared("importer")
    for name, (path, *options) in IMPORTED.items():
        bench.dvc("import", source.root, path, "-o", name, *options)
    bench.commit()
    return bench


@pytest.fixture
def clone(importer, tmp_path):
    """A clone of the importer, without any data."""
    return importer.clone(tmp_path / "clone")


def pointers(bench):
    return {path: data for path, data in bench.tracked().items() if path.endswith(".dvc")}


@pytest.mark.parametrize("lost", ["nothing", "cache", "remote"])
def test_imports_are_fetched_from_their_repository(importer, clone, source, lost, tmp_path):
    """From its cache or its remote, whichever has it."""
    if lost == "cache":
        (source.root / ".dvc/cache").rename(tmp_path / "lost")
    if lost == "remote":
        (tmp_path / "theirs").rename(tmp_path / "lost")
    clone.lite("pull")
    assert clone.data(*IMPORTED) == importer.data(*IMPORTED)
    assert pointers(clone) == pointers(importer)
    assert "up to date" in clone.lite("status")
    assert "modified" not in clone.dvc("status")
    assert clone.lite("pull").startswith("Everything")


def test_a_part_of_them_and_one_by_one(clone):
    clone.lite("pull", "inner")
    assert clone.data(*IMPORTED) == {"inner/b": b"b"}
    clone.lite("fetch")
    clone.lite("checkout")
    assert clone.data("single") == {"single": b"a"}


def test_updates_are_what_dvc_makes_of_them(importer, clone, source):
    go_on(source)
    names = [f"{name}.dvc" for name in IMPORTED]
    importer.dvc("update", *names)
    clone.lite("pull")
    told = clone.lite("update", *names)
    assert len(re.findall(r" is of [0-9a-f]{10} now", told)) == len(IMPORTED) - 1
    assert pointers(clone) == pointers(importer)
    assert clone.data(*IMPORTED) == importer.data(*IMPORTED)
    assert clone.data("old") == {"old/a": b"a", "old/sub/b": b"b"}
    assert "up to date" in clone.lite("update")
    importer.dvc("update", "old.dvc", "--rev", "main")
    clone.lite("update", "old", "--rev", "main")
    assert pointers(clone) == pointers(importer)
    importer.dvc("update", "whole.dvc", "--rev", "v1")
    clone.lite("update", "whole.dvc", "--rev", "v1")
    assert pointers(clone) == pointers(importer)
    assert clone.data(*IMPORTED) == importer.data(*IMPORTED)


def test_an_update_without_the_data(importer, clone, source):
    go_on(source)
    importer.dvc("update", "--no-download", "whole.dvc")
    clone.lite("update", "--no-download", "whole")
    # DVC seals what the pointer said before, and takes its own work for somebody else's then.
    seal, ours = clone.read("whole.dvc").split(b"\n", 1)
    assert ours == importer.read("whole.dvc").split(b"\n", 1)[1]
    assert b"md5: " in seal
    assert "changed checksum" not in clone.dvc("status", "whole.dvc")
    clone.lite("pull")
    importer.dvc("update", "whole.dvc")
    assert clone.data("whole") == importer.data("whole") != {}


def test_imports_without_their_data(make_shared, source, tmp_path):
    bench = make_shared("importer")
    bench.dvc("import", source.root, "data", "-o", "later", "--no-download")
    bench.dvc("import", source.root, "data", "-o", "much_later", "--no-exec")
    done = bench.invoke("pull")
    assert bench.data("later", "much_later").keys() == {
        *("later/a", "later/sub/b", "much_later/a", "much_later/sub/b"),
    }
    assert "git add later.dvc much_later.dvc" in done.stderr
    assert "modified" not in bench.dvc("status")
    assert "up to date" in bench.lite("status")


def test_what_was_changed_by_hand_is_not_overwritten(clone, source):
    clone.lite("pull", "whole")
    clone.write("whole/a", "mine")
    go_on(source)
    before = clone.read("whole.dvc")
    done = clone.invoke("update", "whole")
    assert done.exit_code == 1
    assert "whole/a" in done.stderr
    assert clone.read("whole.dvc") == before
    assert clone.read("whole/a") == b"mine"
    clone.lite("update", "whole", "--force")
    assert clone.read("whole/a") == b"another"


def test_addresses_that_git_is_asked_for(make_shared, source, tmp_path):
    bench = make_shared("importer")
    url = f"file://{source.root}"
    bench.dvc("import", url, "data")
    bench.dvc("import", url, "code.txt", "--rev", "v1")
    bench.commit()
    clone = bench.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("data", "code.txt") == bench.data("data", "code.txt")
    go_on(source)
    bench.dvc("update", "data.dvc", "code.txt.dvc")
    clone.lite("update")
    assert pointers(clone) == pointers(bench)
    source.git("checkout", "--quiet", "-b", "other")
    source.write("code.txt", "of another branch")
    source.commit()
    clone.lite("update", "code.txt", "--rev", "other")
    assert clone.read("code.txt") == b"of another branch"
    assert "up to date" in clone.dvc("status", "code.txt.dvc")


def test_imports_of_imports(make_shared, source, tmp_path):
    middle = make_shared("middle")
    middle.dvc("import", source.root, "data")
    middle.commit()
    last = make_shared("last")
    last.dvc("import", middle.root, "data")
    last.dvc("import", middle.root, "data/sub", "-o", "inner")
    last.commit()
    clone = last.clone(tmp_path / "clone")
    (middle.root / ".dvc/cache").rename(tmp_path / "lost")
    clone.lite("pull")
    assert clone.data("data", "inner") == last.data("data", "inner") != {}


def test_a_remote_that_the_pointer_names(make_shared, source, tmp_path):
    source.dvc("remote", "add", "second", tmp_path / "second")
    source.commit()
    source.dvc("push", "-r", "second")
    bench = make_shared("importer")
    bench.dvc("import", f"file://{source.root}", "data", "--remote", "second")
    bench.commit()
    for lost in (tmp_path / "theirs", source.root / ".dvc/cache"):
        lost.rename(tmp_path / f"lost-{lost.name}")
    clone = bench.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("data") == bench.data("data") != {}


def test_data_that_is_nowhere_is_missed_by_name(clone, source, tmp_path):
    (tmp_path / "theirs").rename(tmp_path / "lost")
    (source.root / ".dvc/cache").rename(tmp_path / "lost-cache")
    done = clone.invoke("pull")
    assert done.exit_code != 0
    assert "whole" in done.stderr
    assert clone.data("text") == {"text": b"code"}


@pytest.fixture
def web(tmp_path):
    """Serve a folder: `web.folder`, `web.url`."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=folder)

        def end_headers(self):
            if web.tag:
                self.send_header("ETag", f'"{web.tag}"')
            super().end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    class Web:
        tag = ""

    web = Web()
    web.folder, web.url = folder, f"http://127.0.0.1:{server.server_port}"
    yield web
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("tag", ["", "first"])
def test_the_web(make_shared, web, tag, tmp_path):
    bench = make_shared("importer")
    web.tag = tag
    (web.folder / "file").write_text("one")
    bench.dvc("import-url", f"{web.url}/file")
    bench.dvc("import-url", f"{web.url}/file", "later", "--no-download")
    bench.commit()
    clone = bench.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("file", "later") == {"file": b"one", "later": b"one"}
    assert clone.read("file.dvc") == bench.read("file.dvc")
    web.tag = tag and "second"
    (web.folder / "file").write_text("another")
    bench.dvc("update", "file.dvc")
    clone.lite("update", "file")
    assert clone.read("file.dvc") == bench.read("file.dvc")
    assert clone.read("file") == b"another"
    (clone.root / "file").unlink()
    (clone.root / ".dvc/cache/files").rename(tmp_path / "lost")
    (web.folder / "file").write_text("something else")
    done = clone.invoke("pull", "file")
    assert done.exit_code == 9
    assert "dvclite update" in done.stderr
    assert not clone.data("file")


def test_imports_from_the_web_are_on_the_remote_too(make_shared, web, tmp_path):
    bench = make_shared("importer")
    (web.folder / "file").write_text("one")
    bench.dvc("import-url", f"{web.url}/file")
    bench.dvc("remote", "add", "-d", "store", tmp_path / "store")
    bench.lite("push")
    bench.commit()
    (web.folder / "file").unlink()
    clone = bench.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("file") == {"file": b"one"}


@pytest.mark.parametrize("place", ["outside", "inside"])
def test_paths_on_this_machine(make_shared, place, tmp_path):
    bench = make_shared("importer")
    root = tmp_path / "outside" if place == "outside" else bench.root / "raw"
    (root / "sub").mkdir(parents=True)
    (root / "a").write_text("a")
    (root / "sub/b").write_text("b")
    named = root if place == "outside" else "raw"
    bench.dvc("import-url", named, "data")
    bench.dvc("import-url", f"{named}/a", "file")
    bench.commit()
    (bench.root / ".dvc/cache/files").rename(tmp_path / "lost")
    for name in ("data/a", "data/sub/b", "file"):
        (bench.root / name).unlink()
    bench.lite("pull")
    assert bench.data("data", "file") == {"data/a": b"a", "data/sub/b": b"b", "file": b"a"}
    assert bench.git("status", "--short") == ""
    theirs = bench.clone(tmp_path / "theirs")
    if place == "inside":
        (theirs.root / "raw/a").write_text("more")
    (root / "a").write_text("more")
    theirs.dvc("update", "data.dvc", "file.dvc")
    bench.lite("update", "data", "file")
    assert pointers(bench) == pointers(theirs)
    assert bench.data("data", "file") == theirs.data("data", "file")


REPO = """\
deps:
- path: {path}
  repo:
    url: {url}
outs:
- hash: md5
  path: data
"""


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch {marks}/pwned",
        "-u",
        "ext::sh -c touch% {marks}/pwned",
        "fd::17",
        "ssh://-oProxyCommand=touch {marks}/pwned/x",
        "ftp://example.com/x",
        "file://{marks}/nothing",
        "../nothing",
    ],
)
def test_hostile_repositories(shared, url, tmp_path):
    shared.write("data.dvc", REPO.format(path="data", url=repr(url.format(marks=tmp_path))))
    for words in (
        ["pull"],
        ["update", "data"],
        ["fetch"],
        ["update", "data", "--rev", "--output=x"],
    ):
        done = shared.invoke(*words)
        assert done.exit_code == 9, done.stderr
        assert len(done.stderr.splitlines()) <= 3
    assert not (tmp_path / "pwned").exists()
    assert not (shared.root / "x").exists()


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", ".git/config"])
def test_paths_that_lead_out_of_a_repository(shared, source, path):
    shared.write("data.dvc", REPO.format(path=f'"{path}"', url=source.root))
    done = shared.invoke("pull")
    assert done.exit_code == 8
    assert "unsafe path" in done.stderr


def test_what_lies_outside_is_only_read_when_that_is_asked_for(shared, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    shared.write("data.dvc", f"deps:\n- path: {secret}\nouts:\n- hash: md5\n  path: data\n")
    for words in (["pull"], ["update"]):
        done = shared.invoke(*words)
        assert done.exit_code == 9
        assert "dvclite update data" in done.stderr
    assert not (shared.root / "data").exists()
    shared.lite("update", "data")
    assert shared.read("data") == b"secret"


def test_a_tree_of_git_with_hostile_names(shared, make_shared):
    """git itself makes no such tree, and clones it all the same."""
    source = make_shared("source")

    def write(kind, data):
        (source.root / "raw").write_bytes(data)
        return source.git("hash-object", "-w", "-t", kind, "--literally", "raw").strip()

    def tree(mode, name, oid):
        return write("tree", f"{mode} {name}\0".encode() + bytes.fromhex(oid))

    config = tree("100644", "config", write("blob", b"[core]\n"))
    hostile = tree("40000", "..", tree("40000", "..", tree("40000", ".dvc", config)))
    commit = source.git("commit-tree", "-m", "hostile", hostile).strip()
    source.git("update-ref", "refs/heads/hostile", commit)
    pointer = REPO.format(path="data", url=f"file://{source.root}")
    shared.write("data.dvc", pointer.replace("outs:", "    rev: hostile\nouts:"))
    done = shared.invoke("pull")
    assert done.exit_code != 0
    assert "unsafe path" in done.stderr
    assert not list((shared.root / ".dvc/tmp").rglob(".dvc"))


def test_imports_outlive_changes_of_format(importer, source, tmp_path):
    """They keep the names that their source has; what is from an address gets new ones."""
    address = tmp_path / "address"
    address.write_text("here")
    importer.dvc("remote", "add", "-d", "store", tmp_path / "ours")
    importer.dvc("import-url", address, "file")
    importer.dvc("import", source.root, "data/a", "-o", "later", "--no-download")
    importer.commit()
    before = pointers(importer)
    outputs = (*IMPORTED, "file")
    importer.lite("migrate")
    importer.commit()
    after = pointers(importer)
    assert [path for path in after if after[path] != before[path]] == ["file.dvc"]
    importer.lite("push")
    clone = importer.clone(tmp_path / "clone")

    clone.lite("pull")

    assert clone.data(*outputs) == importer.data(*outputs)
    assert clone.read("later") == b"a"
    assert "up to date" in clone.lite("status")
    go_on(source)
    address.write_text("there")
    clone.lite("update")
    assert "up to date" in clone.lite("status")
    assert clone.read("whole/new") == b"new"
    assert clone.read("file") == b"there"
    clone.lite("update", "whole", "--rev", "v1", "--no-download")
    clone.lite("pull", "whole")
    assert clone.data("whole").keys() == {"whole/a", "whole/sub/b"}

    clone.lite("migrate", "--to", "dvc")

    clone.commit()
    assert "up to date" in clone.dvc("status")
    found = clone.data(*outputs)
    clone.dvc("update", *(f"{name}.dvc" for name in outputs))
    assert clone.data(*outputs) == found
    assert clone.read("file.dvc") != before["file.dvc"]


def test_what_was_imported_from_a_source_that_changes_its_format(importer, clone, source):
    source.lite("migrate")
    source.lite("push")
    source.commit()
    clone.lite("pull")
    assert clone.data(*IMPORTED) == importer.data(*IMPORTED)
    assert "up to date" in clone.lite("status")

    refused = clone.invoke("update", "whole")

    assert refused.exit_code != 0
    assert "data is named by blake3 there, and by md5 here" in refused.stderr
    clone.lite("migrate")
    clone.lite("update", "whole")
    assert clone.read("whole.dvc").count(b"blake3: ") == 1
    assert clone.data("whole") == importer.data("whole")
    assert "up to date" in clone.lite("status")


@pytest.mark.parametrize("folder", ["", "deep/er"], ids=["beside it", "in another folder"])
def test_an_import_that_was_moved_says_what_it_does_when_dvc_moved_it(shared, folder, tmp_path):
    shared.write("there/file", "v1")
    shared.dvc("import-url", "there/file", "copy")
    (shared.root / folder).mkdir(parents=True, exist_ok=True)
    other = shared.copy(tmp_path / "other")
    target = f"{folder}/moved".lstrip("/")
    shared.lite("move", "copy", target)
    other.dvc("move", "copy", target)
    assert pointers(shared) == pointers(other)
    shared.write("there/file", "v2")
    shared.lite("update", target)
    assert shared.data(target) == {target: b"v2"}


def test_an_import_that_was_changed_and_kept_says_what_it_does_when_dvc_kept_it(shared, tmp_path):
    shared.write("there/file", "v1")
    shared.dvc("import-url", "there/file", "copy")
    shared.write("copy", "mine")
    other = shared.copy(tmp_path / "other")
    shared.lite("commit", "copy")
    other.dvc("commit", "--force", "copy")
    assert pointers(shared) == pointers(other)
