"""Repositories of DVC's become native ones and go back, while all that was committed stays readable."""

import json
import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dvclite

BIG = bytes(range(256)) * 8000
"""Too large for a pack."""


@pytest.fixture
def two_versions(shared, tmp_path):
    """Two versions of all kinds of data that DVC tracked and pushed, tagged v1 and v2."""
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.write("data/sub/deep/a.csv", "a,1\n")
    shared.write("data/\xfcml\xe4ut \U0001f600.txt", "unicode")
    shared.write("data/zero", b"")
    shared.write("data/run.sh", "#!/bin/sh\n").chmod(0o755)
    shared.write("model.bin", BIG)
    shared.write("tool", "#!/bin/sh\necho\n").chmod(0o755)
    (shared.root / "nothing").mkdir()
    shared.dvc("add", "data", "model.bin", "tool", "nothing")
    shared.commit("First")
    shared.git("tag", "v1")
    shared.write("data/sub/new", "new")
    (shared.root / "data/zero").unlink()
    shared.write("model.bin", BIG + b"more")
    shared.dvc("add", "data", "model.bin")
    shared.commit("Second")
    shared.git("tag", "v2")
    shared.dvc("push", "--all-tags")
    return shared


OUTPUTS = ("data", "model.bin", "tool", "nothing")


def migrated(bench, *words):
    bench.lite("migrate", *words)
    bench.commit("Change the format")
    return bench


def check_clean(bench):
    assert bench.lite("status").startswith("Everything is up to date"), bench.lite("status")


def test_data_is_the_same_and_everything_is_clean_afterwards(two_versions):
    before = two_versions.data(*OUTPUTS)

    done = two_versions.invoke("migrate")

    assert done.stdout.endswith("the repository's format is native now\n")
    changed = two_versions.git("status", "--porcelain").splitlines()
    assert changed == [
        " M data.dvc",
        " M model.bin.dvc",
        " M nothing.dvc",
        " M tool.dvc",
        "?? .dvclite/",
    ]
    assert "git add .dvclite/.gitignore .dvclite/config data.dvc" in done.stderr
    check_clean(two_versions)
    assert two_versions.data(*OUTPUTS) == before
    two_versions.commit()
    assert two_versions.git("status", "--porcelain") == ""
    assert two_versions.lite("migrate") == "Nothing to migrate: the repository's format is native\n"


def test_what_was_changed_and_not_added_is_still_that_afterwards(two_versions):
    two_versions.write("data/sub/deep/a.csv", "changed")
    two_versions.write("data/unknown", "unknown")
    before = json.loads(two_versions.lite("status", "--json"))

    two_versions.lite("migrate")

    after = json.loads(two_versions.lite("status", "--json"))
    assert after == before
    assert two_versions.read("data/sub/deep/a.csv") == b"changed"
    done = two_versions.invoke("checkout")
    assert done.exit_code == 1
    assert "data/sub/deep/a.csv" in done.stderr


def test_dvc_says_of_a_native_repository_that_it_cannot_read_its_pointers(two_versions):
    migrated(two_versions)

    done = two_versions.try_dvc("status")

    assert done.exit_code != 0
    assert "blake3" in done.stdout + done.stderr


def test_nothing_of_the_workspace_is_read(two_versions, tmp_path):
    shutil.rmtree(two_versions.root / "data")
    (two_versions.root / "model.bin").unlink()

    migrated(two_versions)

    assert not (two_versions.root / "data").exists()
    two_versions.lite("checkout")
    check_clean(two_versions)


def test_old_versions_are_read_through_the_old_cache(two_versions):
    migrated(two_versions)

    two_versions.lite("checkout", "--rev", "v1")
    first = two_versions.data(*OUTPUTS)
    two_versions.lite("checkout")

    assert first["data/zero"] == b""
    assert "data/sub/new" not in first
    assert first["model.bin"] == BIG
    check_clean(two_versions)
    with dvclite.open(
        two_versions.root / "model.bin", "rb", rev="v1", repo=two_versions.root
    ) as stream:
        assert stream.read() == BIG
    found = json.loads(two_versions.lite("diff", "v1", "--json"))
    assert [item["path"] for item in found["added"]] == ["data/sub/new"]
    assert [item["path"] for item in found["deleted"]] == ["data/zero"]
    assert [item["path"] for item in found["modified"]] == ["model.bin"]
    assert json.loads(two_versions.lite("diff", "v2", "--json"))["modified"] == []
    assert json.loads(two_versions.lite("diff", "v1", "v2", "--json"))["modified"] != []


def test_many_files_of_old_versions_come_back_from_either_cache(shared):
    """So many that others would help with those of the format in charge."""
    names = [f"data/{number % 3}/{number}" for number in range(1_300)]

    def write(every, text):
        for name in names[::every]:
            shared.write(name, f"{text} {name}")
        return shared.data("data")

    versions = {"v1": write(1, "first")}
    shared.dvc("add", "data")
    shared.commit()
    shared.git("tag", "v1")
    versions["v2"] = write(2, "second")
    shared.dvc("add", "data")
    shared.commit()
    shared.git("tag", "v2")

    def check_all():
        for rev, files in versions.items():
            shared.lite("checkout", "--rev", rev)
            assert shared.data("data") == files
            shutil.rmtree(shared.root / "data")
            shared.lite("checkout", "--rev", rev)
            assert shared.data("data") == files
        shared.lite("checkout")
        check_clean(shared)

    migrated(shared)
    check_all()
    versions["v3"] = write(3, "third")
    shared.lite("add", "data")
    check_clean(shared)
    shared.commit()
    shared.git("tag", "v3")
    check_all()
    migrated(shared, "--to", "dvc")
    check_all()
    assert "up to date" in shared.dvc("status")


def test_what_an_old_version_left_in_place_is_added_by_its_new_name(two_versions):
    migrated(two_versions)
    two_versions.lite("checkout", "--rev", "v1")
    two_versions.lite("checkout")
    two_versions.write("data/sub/new", "newer")

    two_versions.lite("add", "data")

    check_clean(two_versions)
    shutil.rmtree(two_versions.root / "data")
    two_versions.lite("checkout")
    assert two_versions.read("data/sub/deep/a.csv") == b"a,1\n"


def test_git_goes_back_and_forth_with_the_data_behind_it(two_versions):
    migrated(two_versions)
    now = two_versions.data(*OUTPUTS)

    two_versions.git("checkout", "--quiet", "v1")
    two_versions.lite("checkout")
    assert two_versions.read("model.bin") == BIG
    assert "up to date" in two_versions.dvc("status")
    two_versions.git("checkout", "--quiet", "main")
    two_versions.lite("checkout")

    assert two_versions.data(*OUTPUTS) == now
    check_clean(two_versions)


def test_what_is_in_neither_cache_is_not_overwritten_on_the_way(two_versions):
    migrated(two_versions)
    two_versions.git("checkout", "--quiet", "v1")
    two_versions.write("model.bin", "not added")

    done = two_versions.invoke("checkout")

    assert done.exit_code == 1
    assert "model.bin" in done.stderr
    assert two_versions.read("model.bin") == b"not added"


def test_a_clone_pulls_both_the_new_and_the_old(two_versions, tmp_path):
    migrated(two_versions)
    two_versions.lite("push")
    clone = two_versions.clone(tmp_path / "clone")

    clone.lite("pull")
    check_clean(clone)
    assert clone.data(*OUTPUTS) == two_versions.data(*OUTPUTS)
    clone.lite("fetch", "--all-tags")
    clone.lite("checkout", "--rev", "v1")

    assert clone.read("model.bin") == BIG
    clone.lite("checkout")
    with dvclite.open(clone.root / "data/zero", "rb", rev="v1", repo=clone.root) as stream:
        assert stream.read() == b""


def test_a_file_of_an_old_version_is_fetched_when_it_is_opened(two_versions, tmp_path):
    migrated(two_versions)
    clone = two_versions.clone(tmp_path / "clone")

    assert dvclite.read(clone.root / "model.bin", "rb", rev="v1", repo=clone.root) == BIG
    assert dvclite.read(clone.root / "data/sub/deep/a.csv", rev="v1", repo=clone.root) == "a,1\n"


def test_old_versions_are_pushed_to_where_they_belong(two_versions, tmp_path):
    shutil.rmtree(tmp_path / "store")
    migrated(two_versions)

    two_versions.lite("push", "--all-tags")

    assert not (two_versions.invoke("status", "-c", "--all-tags")).stderr
    keys = {path.name for path in (tmp_path / "store").iterdir()}
    assert keys == {".dvclite-tmp", "files", "packs"}
    clone = two_versions.clone(tmp_path / "clone")
    clone.git("checkout", "--quiet", "v1")
    clone.dvc("pull")
    assert clone.read("model.bin") == BIG


def test_gc_keeps_what_other_versions_need_and_fsck_looks_at_both_caches(two_versions):
    two_versions.git("branch", "other", "v1")
    migrated(two_versions)

    assert two_versions.lite("gc", "--force") == "Nothing to delete\n"
    assert two_versions.lite("fsck", "--data").startswith("All is well")
    two_versions.write("data/passing", "passing")
    two_versions.lite("add", "data")
    (two_versions.root / "data/passing").unlink()
    two_versions.lite("add", "data")
    assert two_versions.lite("gc", "--force", "--now") != "Nothing to delete\n"
    two_versions.lite("checkout", "--rev", "v1")
    assert two_versions.read("model.bin") == BIG


def test_gc_of_what_only_old_commits_need_reaches_the_old_cache(two_versions):
    migrated(two_versions)
    two_versions.git("tag", "--delete", "v1", "v2")
    before = two_versions.cached()

    two_versions.lite("gc", "--workspace", "--force", "--now", "--unpushed")

    assert before
    assert not two_versions.cached()
    check_clean(two_versions)


def test_a_branch_from_before_can_be_merged_and_is_migrated_by_the_same_command(two_versions):
    two_versions.git("checkout", "--quiet", "-b", "work", "v1")
    two_versions.write("more.txt", "more")
    two_versions.dvc("add", "more.txt")
    two_versions.commit("More")
    two_versions.git("checkout", "--quiet", "main")
    two_versions.lite("checkout")
    migrated(two_versions)
    two_versions.git("merge", "--quiet", "work")

    assert b"md5" in two_versions.read("more.txt.dvc")
    check_clean(two_versions)
    (two_versions.root / "more.txt").unlink()
    two_versions.lite("checkout")
    two_versions.lite("push")
    assert "1 output" in two_versions.lite("migrate")

    assert b"blake3" in two_versions.read("more.txt.dvc")
    check_clean(two_versions)


def test_there_and_back_gives_the_very_same_pointers(two_versions):
    pointers = {path: data for path, data in two_versions.tracked().items() if path.endswith("c")}
    migrated(two_versions)

    refused = two_versions.invoke("migrate", "--to", "dvc")
    assert refused.exit_code == 1
    assert "data/run.sh" in refused.stderr
    assert two_versions.git("status", "--porcelain") == ""
    migrated(two_versions, "--to", "dvc", "--force")

    now = {path: data for path, data in two_versions.tracked().items() if path.endswith("c")}
    assert now == pointers
    assert "up to date" in two_versions.dvc("status")
    check_clean(two_versions)
    two_versions.lite("checkout", "--rev", "HEAD~1")
    two_versions.lite("checkout")
    check_clean(two_versions)
    migrated(two_versions)
    check_clean(two_versions)


def test_what_pointers_say_beside_their_data_stays(shared, tmp_path):
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.dvc("remote", "add", "second", tmp_path / "second")
    shared.write("one", "1")
    shared.dvc("add", "one")
    text = shared.read("one.dvc").decode()
    text = text.replace("outs:", "# Where it is from\nouts:")
    text += "  desc: 'The: first one'\n  push: false\n  remote: second\n  labels: [x, 'y']\n  meta:\n    by: me  # a note\n"
    shared.write("one.dvc", text + "meta: {whole: file}\n")
    shared.dvc("status")

    shared.lite("migrate")

    md5, blake3 = "md5", "blake3"
    old, new = text.splitlines(), shared.read("one.dvc").decode().splitlines()
    assert [line for line in new if blake3 not in line] == [
        line for line in [*old, "meta: {whole: file}"] if md5 not in line
    ]
    assert new[2].startswith("- blake3: ")
    shared.lite("migrate", "--to", "dvc")
    assert shared.read("one.dvc").decode() == text + "meta: {whole: file}\n"


def test_what_is_missing_is_named_and_fetched_if_asked_for(two_versions):
    shutil.rmtree(two_versions.root / ".dvc/cache")
    told = two_versions.lite("migrate", "--dry")

    refused = two_versions.invoke("migrate")

    assert "Missing model.bin" in told
    assert refused.exit_code == 5
    assert "model.bin" in refused.stderr
    assert "dvclite migrate --fetch" in refused.stderr
    assert two_versions.git("status", "--porcelain") == ""
    two_versions.lite("migrate", "--fetch")
    check_clean(two_versions)


def test_what_is_nowhere_can_stay_as_it_is(two_versions, tmp_path):
    shutil.rmtree(two_versions.root / ".dvc/cache/files/md5", ignore_errors=True)
    shutil.rmtree(tmp_path / "store")
    two_versions.dvc("commit", "--force", "data")

    done = two_versions.lite("migrate", "--keep-missing")

    assert "Kept model.bin: its content is missing" in done
    assert b"md5" in two_versions.read("model.bin.dvc")
    assert b"blake3" in two_versions.read("data.dvc")


def test_a_dry_run_tells_and_changes_nothing(two_versions):
    told = json.loads(two_versions.lite("migrate", "--dry", "--json"))

    assert told["outputs"] == ["data", "model.bin", "nothing", "tool"]
    assert told["files"] == 6
    assert told["size"] > len(BIG)
    assert told["missing"] == []
    assert told["dry"] is True
    assert two_versions.git("status", "--porcelain") == ""
    assert not (two_versions.root / ".dvclite").exists()


def test_a_damaged_blob_is_named_and_the_same_command_goes_on(two_versions):
    for path in (two_versions.root / ".dvc/cache/files/md5").glob("*/*"):
        if path.stat().st_size == len(BIG) + 4:
            path.chmod(0o644)
            path.write_bytes(BIG + b"less")

    done = two_versions.invoke("migrate")

    assert done.exit_code == 6
    assert two_versions.read("model.bin") == BIG + b"more"
    two_versions.lite("migrate", "--fetch")
    check_clean(two_versions)


def test_links_into_the_old_cache_become_links_into_the_new_one(shared):
    shared.dvc("config", "cache.type", "symlink")
    shared.write("model.bin", BIG)
    shared.write("data/a", "a")
    shared.dvc("add", "model.bin", "data")
    shared.commit()

    migrated(shared)

    check_clean(shared)
    assert ".dvclite/cache" in os.readlink(shared.root / "model.bin")
    assert shared.read("model.bin") == BIG


def test_large_blobs_are_not_stored_a_second_time(two_versions):
    migrated(two_versions)

    (blob,) = (
        path for path in (two_versions.root / ".dvclite/cache/files").rglob("*") if path.is_file()
    )
    assert blob.stat().st_nlink == 2


def test_settings_come_along(shared, tmp_path):
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.dvc("remote", "add", "cloud", "s3://bucket/there")
    shared.dvc("remote", "modify", "cloud", "endpointurl", "http://127.0.0.1:1")
    shared.dvc("remote", "modify", "--local", "cloud", "secret_access_key", "hush")
    shared.dvc("remote", "add", "named", "s3://bucket/named")
    shared.dvc("remote", "modify", "named", "version_aware", "true")
    shared.dvc("config", "cache.dir", "../shared")
    shared.dvc("config", "core.analytics", "false")
    shared.write("one", "1")
    shared.dvc("add", "one")

    done = shared.lite("migrate")

    assert "The remote named holds files under names of their own" in done
    config = (shared.root / ".dvclite/config").read_text()
    assert "endpointurl = http://127.0.0.1:1" in config
    assert "hush" not in config
    assert "named" not in config
    assert "analytics" not in config
    assert "hush" in (shared.root / ".dvclite/config.local").read_text()
    assert (tmp_path / "shared/dvclite/packs").is_dir()
    check_clean(shared)


def test_pipelines_are_not_broken_without_being_asked_to(shared):
    shared.write("raw.txt", "raw")
    shared.dvc("add", "raw.txt")
    shared.write(
        "dvc.yaml",
        "stages:\n  copy:\n    cmd: cp raw.txt made.txt\n    deps: [raw.txt]\n    outs: [made.txt]\n",
    )
    shared.dvc("repro")
    shared.commit()

    told = shared.lite("migrate", "--dry")
    refused = shared.invoke("migrate")

    assert "DVC's pipelines keep what dvc.lock says" in told
    assert "Kept made.txt: a pipeline of DVC's makes it" in told
    assert refused.exit_code == 1
    assert "--without-pipelines" in refused.stderr
    assert shared.git("status", "--porcelain") == ""
    migrated(shared, "--without-pipelines")
    check_clean(shared)
    (shared.root / "made.txt").unlink()
    shared.lite("checkout")
    assert shared.read("made.txt") == b"raw"


def test_imports_keep_the_names_that_their_source_has(shared, make_shared, tmp_path):
    source = make_shared("source")
    source.dvc("remote", "add", "-d", "store", tmp_path / "theirs")
    source.write("table", "1,2")
    source.dvc("add", "table")
    source.commit()
    source.dvc("push")
    shared.dvc("import", source.root, "table")
    shared.write("own", "own")
    shared.dvc("add", "own")
    before = shared.read("table.dvc")

    done = shared.lite("migrate")

    assert "Kept table: it is imported from another repository" in done
    assert shared.read("table.dvc") == before
    assert b"blake3" in shared.read("own.dvc")
    check_clean(shared)


def test_versions_before_dvc_3_are_migrated_and_read(shared):
    shared.write("one", "1\r\n2\r\n")
    shared.dvc("add", "one")
    text = shared.read("one.dvc").decode()
    (blob,) = (shared.root / ".dvc/cache/files/md5").glob("*/*")
    from hashlib import md5

    old = md5(b"1\n2\n").hexdigest()
    target = shared.root / ".dvc/cache" / old[:2] / old[2:]
    target.parent.mkdir()
    blob.rename(target)
    name = text.split("md5: ")[1].split()[0]
    shared.write("one.dvc", text.replace(name, old).replace("  hash: md5\n", ""))
    check_clean(shared)
    shared.commit("Old")

    migrated(shared)
    check_clean(shared)

    (shared.root / "one").unlink()
    shared.lite("checkout", "--rev", "HEAD~1")
    assert shared.read("one") == b"1\r\n2\r\n"


FILES = ("a", "b.txt", "sub/a", "sub/deep/c", "sub-a", "\xe9", "x y")
CONTENTS = (b"", b"one", b"two\r\n", b"three" * 1000)
VERSION = st.dictionaries(st.sampled_from(FILES), st.sampled_from(CONTENTS), min_size=1)


@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    versions=st.lists(VERSION, min_size=2, max_size=3), executables=st.sets(st.sampled_from(FILES))
)
def test_random_versions_survive_the_way_there_and_back(
    make_shared, tmp_path_factory, versions, executables
):
    folder = tmp_path_factory.mktemp("ways")
    bench = make_shared("repo", folder)
    bench.dvc("remote", "add", "-d", "store", folder / "store")
    expected = []
    for number, version in enumerate(versions):
        shutil.rmtree(bench.root / "data", ignore_errors=True)
        for name, content in version.items():
            bench.write(f"data/{name}", content)
            if name in executables:
                (bench.root / "data" / name).chmod(0o755)
        bench.dvc("add", "data")
        bench.commit()
        bench.git("tag", f"v{number}")
        expected.append(bench.data("data"))
    bench.dvc("push", "--all-tags")
    last = bench.read("data.dvc")

    migrated(bench)
    check_clean(bench)
    bench.lite("push")
    clone = bench.clone(folder / "clone")
    clone.lite("pull")
    assert clone.data("data") == expected[-1]
    for number, files in enumerate(expected):
        for each in (bench, clone):
            each.lite("fetch", "--all-tags")
            each.lite("checkout", "--rev", f"v{number}")
            assert each.data("data") == files
    clone.lite("checkout")
    check_clean(clone)
    bench.lite("checkout")

    migrated(bench, "--to", "dvc", "--force")
    assert bench.read("data.dvc") == last
    assert "up to date" in bench.dvc("status")
    assert bench.data("data") == expected[-1]


def test_fsck_of_a_remote_looks_at_what_old_versions_need_there(two_versions, tmp_path):
    migrated(two_versions)
    two_versions.lite("push")
    (gone,) = (
        path
        for path in (tmp_path / "store/files/md5").glob("*/*")
        if path.stat().st_size == len(BIG)
    )
    gone.unlink()

    now = two_versions.invoke("fsck", "--remote")
    all_tags = two_versions.invoke("fsck", "--remote", "store", "--all-tags")

    assert now.exit_code == 0, now.stdout
    assert all_tags.exit_code == 1
    assert "model.bin: is not there" in all_tags.stdout
    mended = two_versions.lite("fsck", "--remote", "--all-tags", "--repair")
    assert mended.startswith("repaired: blob")
    assert gone.exists()
    gone.chmod(0o644)
    gone.write_bytes(BIG[::-1])
    assert two_versions.invoke("fsck", "--remote", "--data").exit_code == 1


def test_fsck_finds_a_remote_that_only_the_old_format_knows(two_versions):
    migrated(two_versions)
    two_versions.lite("remote", "remove", "store")

    assert two_versions.lite("fsck", "--remote", "--all-tags").startswith("All is well")
    assert two_versions.lite("fsck", "--remote", "store", "--all-tags").startswith("All is well")
    assert "other" in two_versions.invoke("fsck", "--remote", "other").stderr


def test_the_size_of_the_cache_is_told_of_both_formats(two_versions):
    migrated(two_versions)

    told = two_versions.lite("cache", "size", "--all-tags")
    size = json.loads(two_versions.lite("cache", "size", "--all-tags", "--json"))

    assert "Of the format that the repository had before, for versions from then:" in told
    assert (size["files"], size["former"]["files"]) == (6, 11)
    assert size["former"]["cache"]["loose"]["count"] == len(two_versions.cached())
    assert size["former"]["missing"] == 0
