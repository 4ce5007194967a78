"""`dvclite fsck`."""

import os
import random
import shutil

import pytest

from dvclite.pack.index import write_end
from dvclite.pack.layout import ENTRY_HEADER_SIZE, HEADER_SIZE, RECORD_SIZE, TRAILER_SIZE, Kind
from dvclite.pack.reader import PackFile

LARGE = random.Random(1).randbytes(1_300_000)


@pytest.fixture(scope="module")
def model(copy_of_repo, tmp_path_factory):
    """A repository with packed blobs, two loose ones and a remote that has all of it."""
    repo = copy_of_repo(tmp_path_factory.mktemp("model") / "repo")
    for number in range(4):
        repo.write(f"data/{number}", f"{number}" * (1000 + number))
    repo.write("data/large", LARGE)
    repo.write("other", LARGE[::-1])
    for words in (
        ("add", "data", "other"),
        ("remote", "add", "-d", "store", "remote"),
        ("push",),
    ):
        done = repo.invoke(*words)
        assert done.exit_code == 0, done.stderr
    repo.commit("data")
    repo.git("tag", "v1")
    return repo


@pytest.fixture
def stored(model, tmp_path):
    """A copy of it, whose files may be changed."""
    shutil.copytree(model.root, tmp_path / "repo", symlinks=True)
    return type(model)(tmp_path / "repo")


def cached(repo, pattern):
    (path,) = (repo.root / ".dvclite/cache").glob(pattern)
    path.chmod(0o644)
    return path


def pack(repo):
    return cached(repo, "packs/*/*")


def loose(repo):
    paths = sorted((repo.root / ".dvclite/cache/files").rglob("*/*/*"))
    paths[0].chmod(0o644)
    return paths[0]


def entries(path):
    with PackFile(path, path.name) as file:
        return list(file.entries())


def place(path, part):
    """Return where the first byte of a part of a pack is, and where it ends."""
    found = entries(path)
    index = found[-1].end
    of_kind = {entry.kind: entry for entry in found}
    places = {
        "header": (0, HEADER_SIZE),
        "entry header": (found[1].offset - ENTRY_HEADER_SIZE, found[1].offset),
        "entry": (found[1].offset, found[1].end),
        "tree": (of_kind[Kind.TREE].offset, of_kind[Kind.TREE].end) if Kind.TREE in of_kind else (),
        "index": (index, index + len(found) * RECORD_SIZE),
        "trailer": (path.stat().st_size - TRAILER_SIZE, path.stat().st_size),
    }
    return places[part]


PARTS = ("header", "entry header", "entry", "tree", "index", "trailer")
QUICK = {"header", "index", "trailer"}


def flip(data, begin, end):
    return data[:begin] + bytes([data[begin] ^ 1]) + data[begin + 1 :]


def truncate(data, begin, end):
    return data[: end - 1]


def extend(data, begin, end):
    return data[:end] + b"\1" + data[end:]


def blank(data, begin, end):
    return data[:begin] + bytes(end - begin) + data[end:]


def empty(data, begin, end):
    return data[:begin] + data[end:]


WAYS = (flip, truncate, extend, blank, empty)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("part", PARTS)
def test_a_pack_that_is_damaged_anywhere_is_found_and_repaired(stored, part, way):
    path = pack(stored)
    data = way(path.read_bytes(), *place(path, part))
    path.write_bytes(data)

    quick = stored.invoke("fsck")
    full = stored.invoke("fsck", "--data")
    repaired = stored.invoke("fsck", "--data", "--repair")

    assert full.exit_code == 1, full.stdout
    assert "DAMAGED: " in full.stdout
    assert path.name in full.stdout
    if part in QUICK or way in (truncate, extend, empty):
        assert quick.exit_code == 1, quick.stdout
    assert repaired.exit_code == 0, repaired.stdout
    check_all_is_well(stored)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_loose_blob_that_is_damaged_is_found_and_repaired(stored, way):
    path = loose(stored)
    data = path.read_bytes()
    path.write_bytes(way(data, 0, len(data)))

    quick = stored.invoke("fsck")
    full = stored.invoke("fsck", "--data")
    repaired = stored.invoke("fsck", "--data", "--repair")

    assert full.exit_code == 1, full.stdout
    assert quick.exit_code == (way not in (flip, blank))
    assert repaired.exit_code == 0, repaired.stdout
    check_all_is_well(stored)


def check_all_is_well(repo):
    again = repo.invoke("fsck", "--data")
    assert (again.exit_code, again.stdout[:12]) == (0, "All is well:"), again.stdout
    shutil.rmtree(repo.root / "data")
    assert repo.invoke("checkout").exit_code == 0
    assert repo.read("data/3") == b"3" * 1003
    assert repo.read("data/large") == LARGE
    assert repo.invoke("status").stdout.startswith("Everything is up to date")


def test_what_is_gone_is_found_without_reading_and_fetched(stored):
    pack(stored).unlink()
    loose(stored).unlink()

    quick = stored.invoke("fsck")
    repaired = stored.invoke("fsck", "--repair")

    assert quick.exit_code == 1
    assert "DAMAGED: tree " in quick.stdout
    assert ", data: is not there" in quick.stdout
    assert repaired.exit_code == 0, repaired.stdout
    check_all_is_well(stored)


def test_another_valid_file_in_the_place_of_one_is_found(stored):
    first, second = sorted((stored.root / ".dvclite/cache/files").rglob("*/*/*"))
    first.chmod(0o644)
    first.write_bytes(second.read_bytes())
    path = pack(stored)
    shorter = path.read_bytes()[:HEADER_SIZE]
    name, trailer = write_end(b"", HEADER_SIZE, _algorithm(path))
    path.write_bytes(shorter + trailer)
    assert name != path.name

    full = stored.invoke("fsck", "--data")

    assert full.exit_code == 1
    assert f"DAMAGED: pack {path.name}: it says that it is another pack" in full.stdout
    assert stored.invoke("fsck", "--data", "--repair").exit_code == 0
    check_all_is_well(stored)


def _algorithm(path):
    with PackFile(path, path.name) as file:
        return file.entries().algorithm


@pytest.mark.parametrize("lost", ["entry", "index"])
def test_what_is_whole_in_a_damaged_pack_is_kept_where_nobody_else_has_it(stored, lost):
    shutil.rmtree(stored.root / "remote")
    path = pack(stored)
    damaged = blank(path.read_bytes(), *place(path, lost))
    path.write_bytes(damaged)

    repaired = stored.invoke("fsck", "--data", "--repair")
    after = stored.invoke("fsck", "--data")

    if lost == "index":
        assert (repaired.exit_code, after.exit_code) == (0, 0), repaired.stdout
        return
    assert (repaired.exit_code, after.exit_code) == (1, 1)
    assert "no remote has it" in repaired.stdout
    (line,) = [line for line in after.stdout.splitlines() if line.startswith("DAMAGED")]
    assert line.endswith(", data/1: is not there")
    aside = stored.root / ".dvclite/cache/damaged" / path.name
    assert aside.read_bytes() == damaged


def test_nothing_is_changed_unless_asked_for(stored):
    path = pack(stored)
    path.write_bytes(flip(path.read_bytes(), *place(path, "entry")))
    before = {
        os.path.join(here, name): os.stat(os.path.join(here, name)).st_mtime_ns
        for here, _folders, names in os.walk(stored.root / ".dvclite")
        for name in names
    }

    assert stored.invoke("fsck", "--data").exit_code == 1

    for here, _folders, names in os.walk(stored.root / ".dvclite"):
        for name in names:
            assert (
                before.pop(os.path.join(here, name))
                == os.stat(os.path.join(here, name)).st_mtime_ns
            )
    assert not before


@pytest.mark.parametrize("way", [*WAYS, None], ids=lambda way: way.__name__ if way else "another")
def test_what_is_remembered_of_packs_is_not_believed(stored, way):
    path = stored.root / ".dvclite/tmp/packs.db"
    data = path.read_bytes()
    if way is None:
        import sqlite3

        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE entries SET number = number + 1 WHERE number = 3")
        connection.close()
    else:
        path.write_bytes(way(data, 0, len(data)))

    found = stored.invoke("fsck")
    repaired = stored.invoke("fsck", "--repair")

    assert found.exit_code == (way is not extend), found.stdout
    assert repaired.exit_code == 0
    check_all_is_well(stored)


def test_other_versions_are_looked_for_when_asked(stored, answer):
    (stored.root / "data/3").unlink()
    stored.invoke("add", "data")
    pack_of_first = max((stored.root / ".dvclite/cache/packs").glob("*/*"), key=_size)
    kept = {entry.digest for entry in entries(pack_of_first)}
    stored.commit("without 3")
    pack_of_first.unlink()
    stored.invoke("add", "--force", "data")
    assert kept

    here = stored.invoke("fsck", "--json")
    everywhere = stored.invoke("fsck", "-T", "--json")
    repaired = stored.invoke("fsck", "-T", "--repair", "--json")

    assert (here.exit_code, answer(here)["ok"]) == (0, True)
    assert (everywhere.exit_code, answer(everywhere)["ok"]) == (1, False)
    assert answer(everywhere)["damages"][0]["paths"] == ["data"]
    assert repaired.exit_code == 0
    assert all(damage["repaired"] for damage in answer(repaired)["damages"])
    assert stored.invoke("fsck", "-T").exit_code == 0


def _size(path):
    return path.stat().st_size


def on_remote(repo, kind):
    """Return the pack on the remote that has an entry of a kind, and where that is in it."""
    for path in sorted((repo.root / "remote/packs").glob("*/*")):
        path.chmod(0o644)
        for entry in entries(path):
            if entry.kind == kind:
                return path, entry
    raise AssertionError(f"there is no {kind!r}")


KINDS = (Kind.BLOB, Kind.TREE, Kind.CHUNK, Kind.BLOB_RECIPE)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_an_entry_on_a_remote_that_is_damaged_is_found_and_repaired(stored, kind, way):
    path, entry = on_remote(stored, kind)
    path.write_bytes(way(path.read_bytes(), entry.offset, entry.end))

    quick = stored.invoke("fsck", "--remote")
    full = stored.invoke("fsck", "--remote", "--data")
    repaired = stored.invoke("fsck", "--remote", "--data", "--repair")

    assert full.exit_code == 1, full.stdout
    assert path.name in full.stdout
    if kind == Kind.BLOB_RECIPE or way in (truncate, extend, empty):
        assert quick.exit_code == 1, quick.stdout
    assert repaired.exit_code == 0, repaired.stdout
    check_remote_is_well(stored)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("part", ["header", "entry header", "index", "trailer"])
@pytest.mark.parametrize("kind", [Kind.CHUNK, Kind.BLOB_RECIPE], ids=lambda kind: kind.name)
def test_a_pack_on_a_remote_that_is_damaged_is_found_and_repaired(stored, kind, part, way):
    path, _entry = on_remote(stored, kind)
    path.write_bytes(way(path.read_bytes(), *place(path, part)))

    quick = stored.invoke("fsck", "--remote")
    full = stored.invoke("fsck", "--remote", "--data")
    repaired = stored.invoke("fsck", "--remote", "--data", "--repair")

    assert full.exit_code == 1, full.stdout
    assert path.name in full.stdout
    if part in ("index", "trailer") or way in (truncate, extend, empty):
        assert quick.exit_code == 1, quick.stdout
    assert repaired.exit_code == 0, repaired.stdout
    check_remote_is_well(stored)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("how", ["deleted", "emptied", "replaced"])
def test_a_pack_that_is_gone_or_another_is_found_and_repaired(stored, kind, how):
    path, _entry = on_remote(stored, kind)
    others = [other for other in (stored.root / "remote/packs").glob("*/*") if other != path]
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(others[0].read_bytes() if how == "replaced" else b"")

    quick = stored.invoke("fsck", "--remote")
    repaired = stored.invoke("fsck", "--remote", "--repair")

    assert quick.exit_code == 1, quick.stdout
    assert repaired.exit_code == 0, repaired.stdout
    check_remote_is_well(stored)


def check_remote_is_well(repo):
    again = repo.invoke("fsck", "--remote", "--data")
    assert (again.exit_code, again.stdout[:12]) == (0, "All is well:"), again.stdout
    for path in (".dvclite/cache", ".dvclite/tmp", "data"):
        shutil.rmtree(repo.root / path)
    pulled = repo.invoke("pull")
    assert pulled.exit_code == 0, pulled.stderr
    assert repo.read("data/3") == b"3" * 1003
    assert repo.read("data/large") == LARGE


def test_chunks_are_found_again_where_the_cache_has_nothing_of_their_blob(stored):
    path, entry = on_remote(stored, Kind.BLOB)
    path.write_bytes(flip(path.read_bytes(), entry.offset, entry.end))
    lose(stored)

    repaired = stored.invoke("fsck", "--remote", "--data", "--repair")

    assert repaired.exit_code == 0, repaired.stdout
    assert not path.exists()
    check_remote_is_well(stored)


def lose(repo, *contents):
    """Remove loose blobs from the cache."""
    for blob in (repo.root / ".dvclite/cache/files").rglob("*/*/*"):
        if not contents or blob.read_bytes() in contents:
            blob.unlink()


def test_chunks_are_found_again_though_nobody_knows_the_index_any_more(stored):
    path, _entry = on_remote(stored, Kind.CHUNK)
    last = [entry for entry in entries(path) if entry.kind == Kind.CHUNK][-1]
    path.write_bytes(path.read_bytes()[: last.end - 1])
    shutil.rmtree(stored.root / ".dvclite/tmp/remotes")
    lose(stored, LARGE[::-1])

    repaired = stored.invoke("fsck", "--remote", "--repair")

    assert repaired.exit_code == 0, repaired.stdout
    check_remote_is_well(stored)


def test_the_chunks_of_another_pack_are_not_taken_for_those_of_one_that_is_gone(repo):
    repo.invoke("remote", "add", "-d", "store", "remote")
    packs = []
    for name in ("ab", "cd"):
        repo.write(name, b"".join(bytes([ord(letter)]) * (1 << 20) for letter in name))
        repo.invoke("add", name)
        assert repo.invoke("push").exit_code == 0
        found = {
            path
            for path in (repo.root / "remote/packs").glob("*/*")
            if entries(path)[0].kind == Kind.CHUNK
        }
        packs += found.difference(packs)
    first, second = packs
    first.chmod(0o644)
    first.write_bytes(second.read_bytes()[:-1])
    shutil.rmtree(repo.root / ".dvclite/tmp/remotes")
    lose(repo)

    repaired = repo.invoke("fsck", "--remote", "--repair")

    assert repaired.exit_code == 1
    (bad,) = [line for line in repaired.stdout.splitlines() if line.startswith("DAMAGED")]
    assert ", ab: " in bad
    assert repo.invoke("fsck", "--remote").exit_code == 1


def test_what_nobody_has_is_named_and_the_rest_stays(stored):
    path, entry = on_remote(stored, Kind.CHUNK)
    damaged = flip(path.read_bytes(), entry.offset, entry.end)
    path.write_bytes(damaged)
    lose(stored)

    found = stored.invoke("fsck", "--remote", "--data")
    repaired = stored.invoke("fsck", "--remote", "--data", "--repair")
    after = stored.invoke("fsck", "--remote", "--data")

    assert ", other: a chunk of it is damaged\n" in found.stdout
    assert (repaired.exit_code, after.exit_code) == (1, 1)
    assert "other: a chunk of it is damaged (not whole in the cache either)" in repaired.stdout
    lines = [line for line in after.stdout.splitlines() if line.startswith("DAMAGED")]
    assert all("blob" in line or "recipe" in line for line in lines)
    assert any(", other: " in line for line in lines), after.stdout
    assert (stored.root / ".dvclite/cache/damaged" / path.name).read_bytes() == damaged
    shutil.rmtree(stored.root / ".dvclite/cache")
    assert stored.invoke("fetch").exit_code != 0
    assert stored.invoke("checkout", "--force", "data/3").exit_code == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_remote_of_loose_blobs_is_checked_and_repaired(stored, way):
    stored.invoke("remote", "add", "loose", "loose")
    stored.invoke("remote", "modify", "loose", "layout", "loose")
    assert stored.invoke("push", "-r", "loose").exit_code == 0
    path = max((stored.root / "loose").rglob("files/*/*/*"), key=_size)
    path.chmod(0o644)
    path.write_bytes(way(path.read_bytes(), 0, path.stat().st_size))

    full = stored.invoke("fsck", "-r", "loose", "--data")
    quick = stored.invoke("fsck", "-r", "loose")
    repaired = stored.invoke("fsck", "-r", "loose", "--data", "--repair")
    again = stored.invoke("fsck", "-r", "loose", "--data")

    assert full.exit_code == 1
    assert quick.exit_code == (way not in (flip, blank))
    assert (repaired.exit_code, again.exit_code) == (0, 0), repaired.stdout


def test_what_is_repaired_in_one_way_is_not_told_a_hundred_times(repo, answer):
    for number in range(30):
        repo.write(f"data/{number}", f"{number}")
    repo.invoke("add", "data")
    repo.invoke("remote", "add", "-d", "store", "remote")
    repo.invoke("push")
    pack(repo).unlink()
    assert len(repo.invoke("fsck").stdout.splitlines()) == 2  # Nobody knows what the tree names.
    repo.invoke("fetch", "data/1")
    shutil.copytree(repo.root / ".dvclite", repo.root / "kept")

    lines = repo.invoke("fsck", "--repair").stdout.splitlines()
    assert sum(line.startswith("repaired: blob ") for line in lines) == 10
    assert "repaired: 19 more blobs: is not there (fetched); -v shows them" in lines
    assert lines[-1].startswith("29 things repaired: ")

    shutil.rmtree(repo.root / ".dvclite")
    (repo.root / "kept").rename(repo.root / ".dvclite")
    every = repo.invoke("fsck", "--repair", "-v").stdout.splitlines()
    assert sum(line.startswith("repaired: blob ") for line in every) == 29


def test_an_empty_cache_is_well(repo):
    done = repo.invoke("fsck", "--data", "--repair")

    assert (done.exit_code, done.stdout) == (
        0,
        "All is well: 0 packs, 0 blobs, 0 B read\n",
    )


def test_a_remote_that_does_not_answer_is_named(stored):
    loose(stored).unlink()
    shutil.rmtree(stored.root / "remote")
    stored.write("remote", "a file where a folder was")

    done = stored.invoke("fsck", "--repair")

    assert done.exit_code == 1
    assert "warning: " in done.stderr
    assert "hint: add the original files again" in done.stderr
