"""Both tools work on the same repository and remote in turn, and never notice."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FILES = ("a", "b.txt", "sub/a", "sub/deep/c", "sub-a", "\xe9")
CONTENTS = (b"", b"one", b"two\r\n", b"three" * 1000)

EDITS = st.dictionaries(st.sampled_from(FILES), st.none() | st.sampled_from(CONTENTS), min_size=1)
STEPS = st.lists(st.tuples(st.booleans(), EDITS), min_size=2, max_size=4)


def edit(bench, changes):
    """Change files of the directory `data`, and the file `model` with them."""
    for name, content in changes.items():
        path = bench.root / "data" / name
        if content is not None:
            bench.write(f"data/{name}", content)
        elif path.exists():
            path.unlink()
    bench.write("data/always", b"x")
    bench.write("model", repr(sorted(changes.items())).encode())


def check_clean(bench):
    assert "up to date" in bench.dvc("status")
    assert "up to date" in bench.lite("status")


def check_same_changes(bench):
    """Both tools see the same outputs changed."""
    told = bench.dvc("status")
    for output in ("data", "model"):
        is_changed = f"modified:           {output}" in told
        assert is_changed == (f"{output}" in bench.lite("status").replace("up to date", "")), told


@pytest.mark.parametrize("place", ["directory", "bucket"])
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_random_edits(make_shared, make_bucket, tmp_path_factory, place, steps):
    folder = tmp_path_factory.mktemp("turns")
    ours = make_shared("ours", folder)
    if place == "bucket":
        make_bucket().name_in(ours)
    else:
        ours.dvc("remote", "add", "-d", "store", folder / "store")
    ours.commit("Name a remote")
    theirs = ours.clone(folder / "theirs")
    for number, (is_dvc, changes) in enumerate(steps):
        edit(ours, changes)
        if number:
            check_same_changes(ours)
        tool, other = (ours.dvc, theirs.lite) if is_dvc else (ours.lite, theirs.dvc)
        twin = ours.copy(folder / f"twin-{number}")
        tool("add", "data", "model")
        (twin.lite if is_dvc else twin.dvc)("add", "data", "model")
        assert twin.tracked() == ours.tracked()
        assert twin.cached() == ours.cached()
        check_clean(ours)
        tool("push")
        assert "in sync" in ours.dvc("status", "-c")
        ours.commit(f"Step {number}")
        theirs.git("pull", "--quiet")
        other("pull")
        assert theirs.data("data", "model") == ours.data("data", "model")
        check_clean(theirs)
    theirs.git("checkout", "--quiet", "HEAD~1")
    theirs.lite("checkout")
    check_clean(theirs)
    theirs.git("checkout", "--quiet", "main")
    theirs.dvc("checkout", "--force")
    assert theirs.data("data", "model") == ours.data("data", "model")
    check_clean(theirs)


def test_what_was_pulled_is_added_as_dvc_would_add_it(shared, tmp_path):
    for number in range(30):
        shared.write(f"data/{number}", str(number))
    shared.dvc("add", "data")
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.dvc("push")
    shared.commit()
    clone = shared.clone(tmp_path / "clone")
    assert "-" not in clone.lite("pull").splitlines()[-1]
    for bench in (shared, clone):
        bench.write("data/7", "seven")
    shared.dvc("add", "data")
    clone.lite("add", "data")
    assert clone.read("data.dvc") == shared.read("data.dvc")
    clone.lite("checkout")
    clone.write("data/8", "eight")
    clone.lite("commit")
    shared.write("data/8", "eight")
    shared.dvc("commit", "-f")
    assert clone.read("data.dvc") == shared.read("data.dvc")


def test_parts_of_a_directory(shared, tmp_path):
    for name in ("a", "b", "sub/c"):
        shared.write(f"data/{name}", name)
    shared.dvc("add", "data")
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.dvc("push")
    shared.commit()
    clone = shared.clone(tmp_path / "clone")
    clone.lite("pull", "data/sub")
    assert clone.data("data") == {"data/sub/c": b"sub/c"}
    clone.write("data/sub/d", "new")
    clone.lite("add", "data/sub/d")
    clone.lite("push")
    clone.dvc("pull")
    assert clone.data("data").keys() == {"data/a", "data/b", "data/sub/c", "data/sub/d"}
    check_clean(clone)


def test_links_into_the_cache(shared):
    shared.dvc("config", "cache.type", "symlink")
    for name in ("a", "b"):
        shared.write(f"data/{name}", name)
    shared.dvc("add", "data")
    assert (shared.root / "data/a").is_symlink()
    check_clean(shared)
    (shared.root / "data/a").unlink()
    shared.lite("checkout")
    assert (shared.root / "data/a").is_symlink()
    check_clean(shared)
    shared.lite("unprotect", "data")
    assert not (shared.root / "data/a").is_symlink()
    check_clean(shared)


def test_dvc_collects_no_garbage_of_ours(shared, tmp_path):
    shared.write("data/a", b"1")
    shared.lite("add", "data")
    shared.write("data/a", b"2")
    shared.lite("add", "data")
    shared.dvc("gc", "-w", "-f")
    check_clean(shared)
    assert len(shared.cached()) == 2
    shared.write("data/a", b"3")
    shared.dvc("add", "data")
    shared.commit()
    shared.lite("gc", "--now", "--force")
    check_clean(shared)
    assert len(shared.cached()) == 2


def test_a_bucket_holds_what_dvc_would_put_there(make_shared, make_bucket):
    keys = []
    for name in ("theirs", "ours"):
        bench, bucket = make_shared(name), make_bucket()
        bucket.name_in(bench)
        for number in range(30):
            bench.write(f"data/{number}", str(number))
        bench.write("large", bytes(range(256)) * 40_000)
        tool = bench.dvc if name == "theirs" else bench.lite
        tool("add", "data", "large")
        tool("push")
        keys.append(bucket.keys())
        tree = next(key for key in keys[-1] if key.endswith(".dir"))
        bucket.delete(tree)
        other = bench.lite if name == "theirs" else bench.dvc
        other("push")
        assert bucket.keys() == keys[-1]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 32
