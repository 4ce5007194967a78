"""Remotes that keep versions of files under the files' own names, which DVC calls cloud versioning."""

import pytest

FILES = {"Data/A": "a", "Data/Sub/B b": "b", "Data/\xe9": "c", "file": "f"}


@pytest.fixture
def bucket(make_bucket):
    return make_bucket(versions=True)


@pytest.fixture(params=["version_aware", "worktree"])
def versioned(shared, bucket, request):
    """A repository with two versions of data that DVC has pushed to such a remote."""
    bucket.name_in(shared, **{request.param: "true"})
    for name, text in FILES.items():
        shared.write(name, text)
    shared.dvc("add", "Data", "file")
    shared.dvc("push")
    shared.commit("First")
    shared.git("tag", "v1")
    shared.write("Data/A", "another")
    shared.write("file", "other")
    shared.dvc("add", "Data", "file")
    shared.dvc("push")
    shared.commit("Second")
    return shared


def test_they_are_fetched(versioned, tmp_path):
    clone = versioned.clone(tmp_path / "clone")
    before = clone.tracked()
    assert "not in the cache" in clone.lite("status") or "A" in clone.lite("status")
    assert clone.invoke("status", "-c").exit_code == 0
    clone.lite("pull")
    assert clone.data("Data", "file") == versioned.data("Data", "file")
    assert clone.tracked() == before
    for tool in (clone.lite, clone.dvc):
        assert "up to date" in tool("status")
    assert "in step" in clone.lite("status", "-c")
    assert "up to date" in clone.lite("pull")


def test_old_ones_and_parts_are_fetched(versioned, tmp_path):
    clone = versioned.clone(tmp_path / "clone")
    clone.lite("pull", "Data/Sub")
    assert clone.data("Data") == {"Data/Sub/B b": b"b"}
    clone.git("checkout", "--quiet", "v1")
    clone.lite("pull")
    assert clone.data("Data", "file") == {name: text.encode() for name, text in FILES.items()}
    assert "up to date" in clone.dvc("status")
    fresh = versioned.clone(tmp_path / "fresh")
    fresh.lite("fetch", "--all-commits")
    fresh.lite("checkout", "--rev", "v1")
    assert fresh.data("Data", "file") == clone.data("Data", "file")


def test_pushing_is_left_to_dvc(versioned):
    versioned.write("Data/A", "newer")
    versioned.write("file", "newer")
    versioned.lite("add", "Data", "file")
    assert "up to date" in versioned.dvc("status")
    done = versioned.invoke("push")
    assert done.exit_code == 7
    assert "can only be pushed to by DVC" in done.stderr
    versioned.dvc("push")
    assert "up to date" in versioned.lite("status")
    assert "in step" in versioned.lite("status", "-c")


def test_gc_keeps_them(versioned, tmp_path):
    clone = versioned.clone(tmp_path / "clone")
    clone.lite("fetch", "--all-commits")
    clone.lite("gc", "--force", "--now")
    clone.git("checkout", "--quiet", "v1")
    clone.lite("checkout")
    assert clone.read("Data/A") == b"a"


def test_they_are_migrated(versioned, tmp_path):
    """What pointers said of such a remote is of no use by the new names; old commits keep it."""
    before = versioned.data("Data", "file")
    versioned.lite("migrate")
    for name in ("Data.dvc", "file.dvc"):
        text = versioned.read(name).decode()
        assert "blake3: " in text
        assert not {"cloud:", "files:", "version_id:"} & set(text.split())
    assert "up to date" in versioned.lite("status")
    versioned.lite("remote", "add", "-d", "other", tmp_path / "other")
    versioned.commit("Change the format")
    versioned.lite("push")
    clone = versioned.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("Data", "file") == before
    assert "in step" in clone.lite("status", "-c")
    clone.lite("fetch", "--all-tags")
    clone.lite("checkout", "--rev", "v1")
    assert clone.data("Data", "file") == {name: text.encode() for name, text in FILES.items()}
    clone.lite("checkout")
    clone.lite("migrate", "--to", "dvc")
    assert "up to date" in clone.dvc("status")


def test_their_content_is_fetched_to_be_migrated(versioned, tmp_path):
    clone = versioned.clone(tmp_path / "clone")
    missing = clone.invoke("migrate")
    assert missing.exit_code == 5
    assert not (clone.root / ".dvclite").exists()
    clone.lite("migrate", "--fetch")
    clone.lite("checkout")
    assert clone.data("Data", "file") == versioned.data("Data", "file")


def test_those_whose_pointer_names_the_remote_stay_as_they_are(versioned, tmp_path):
    for name in ("Data.dvc", "file.dvc"):
        text = versioned.read(name).decode()
        versioned.write(name, text.replace("  path: ", "  remote: store\n  path: "))
    versioned.commit()
    before = versioned.tracked()
    told = versioned.lite("migrate")
    assert told.count("names a remote that only a repository of DVC's can have") == 2
    assert versioned.tracked().items() >= before.items()
    versioned.commit()
    clone = versioned.clone(tmp_path / "clone")
    clone.lite("pull")
    assert clone.data("Data", "file") == versioned.data("Data", "file")
    assert "up to date" in clone.lite("status")


def test_a_version_that_is_gone_is_missed(versioned, bucket, tmp_path):
    found = bucket.client.list_object_versions(Bucket=bucket.name)["Versions"]
    for version in found:
        if version["Key"].endswith("Data/A"):
            bucket.client.delete_object(
                Bucket=bucket.name, Key=version["Key"], VersionId=version["VersionId"]
            )
    clone = versioned.clone(tmp_path / "clone")
    done = clone.invoke("pull")
    assert done.exit_code == 5
    assert "Data/A" in done.stderr
    assert clone.data("Data").keys() == {"Data/Sub/B b", "Data/\xe9"}


def test_what_was_exchanged_is_noticed(versioned, bucket, tmp_path):
    """Whoever may write there can put something else under a version that pointers name."""
    pointer = versioned.read("file.dvc").decode()
    answer = bucket.client.put_object(Bucket=bucket.name, Key="some/prefix/file", Body=b"wrong")
    old = pointer.rpartition("version_id: ")[2].strip()
    versioned.write("file.dvc", pointer.replace(old, answer["VersionId"]))
    versioned.commit()
    clone = versioned.clone(tmp_path / "clone")
    done = clone.invoke("pull")
    assert done.exit_code != 0
    assert "file" in done.stderr
    assert not clone.data("file")


@pytest.mark.parametrize("versions", [False, True])
def test_imports_from_a_bucket(shared, make_bucket, versions, tmp_path):
    bucket = make_bucket(versions=versions)
    bucket.name_in(shared)

    def put(**files):
        for name, text in files.items():
            key = f"some/prefix/raw/{name.replace('_', '/')}"
            bucket.client.put_object(Bucket=bucket.name, Key=key, Body=text.encode())

    put(X="x", Y_y="y")
    shared.dvc("import-url", "remote://store/raw/X", "file")
    shared.dvc("import-url", "remote://store/raw", "all")
    shared.dvc("import-url", "remote://store/raw/X", "later", "--no-download")
    if versions:
        shared.dvc("import-url", "--version-aware", "remote://store/raw/X", "aware")
    shared.commit()
    clone = shared.clone(tmp_path / "clone")
    clone.lite("pull")
    shared.dvc("update", "later.dvc")
    assert clone.data("file", "all", "later") == shared.data("file", "all", "later")
    put(X="another x", Z="z")
    clone.lite("update", "file", "all")
    shared.dvc("update", "file.dvc", "all.dvc")
    for name in ("file.dvc", "later.dvc"):
        assert clone.read(name) == shared.read(name)
    assert clone.data("file", "all") == shared.data("file", "all")
    assert clone.read("all/X") == b"another x"
    for tool in (clone.lite, clone.dvc):
        assert "all" not in tool("status").replace("all.dvc", "")
