"""`dvclite diff`."""

from shutil import rmtree


def test_two_revisions_are_compared_by_file(two_versions):
    done = two_versions.run("diff", "v1", "v2")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Added:",
        "    images/owl.txt",
        "",
        "Deleted:",
        "    images/cat.txt",
        "",
        "Modified:",
        "    images/dog.txt",
        "",
        "1 added, 1 deleted and 1 modified",
    ]


def test_the_workspace_is_compared_with_the_last_commit(data):
    (data.root / "images/cat.txt").rename(data.root / "images/lion.txt")

    done = data.run("diff")

    assert done.stdout.splitlines() == [
        "Renamed:",
        "    images/cat.txt -> images/lion.txt",
        "",
        "1 renamed",
    ]


def test_the_same_has_no_changes(data):
    assert data.invoke("diff").stdout == "No changes\n"
    assert data.invoke("diff", "v1", "HEAD").stdout == "No changes\n"


def test_targets_narrow_it_down(two_versions):
    done = two_versions.invoke("diff", "v1", "--targets", "model.pkl")
    part = two_versions.invoke(
        "diff", "v1", "v2", "--targets", "images/owl.txt", "--targets", "model.pkl"
    )

    assert done.stdout == "No changes\n"
    assert part.stdout.splitlines()[-1] == "1 added"


def test_names_count_from_the_sub_folder(two_versions):
    done = two_versions.invoke("diff", "v1", "v2", cwd="images")

    assert "    owl.txt" in done.stdout.splitlines()


def test_json_has_contents_too(two_versions, answer):
    found = answer(two_versions.run("diff", "v1", "v2", "--json"))

    assert [item["path"] for item in found["modified"]] == ["images/dog.txt"]
    assert found["modified"][0]["before"] != found["modified"][0]["after"]
    assert found["added"][0]["before"] is None
    assert found["renamed"] == found["unknown"] == []


def test_a_tree_that_is_missing_has_a_next_step(data, tmp_path):
    data.run("remote", "add", "--default", "store", str(tmp_path / "store"))
    data.git("commit", "--quiet", "--all", "--message", "A remote")
    data.write("images/owl.txt", "owl")
    data.run("add", "images")
    data.git("commit", "--quiet", "--all", "--message", "An owl")
    data.run("push", "--all-commits")
    rmtree(data.root / ".dvclite/cache")

    done = data.invoke("diff", "v1", "HEAD")

    assert done.stdout.splitlines() == [
        "Unknown:",
        "    images (not in the cache)",
        "",
        "1 unknown",
    ]
    (hint,) = done.stderr.splitlines()
    assert hint.startswith("hint: `dvclite fetch --rev v1 --rev HEAD` brings")
    data.run("fetch", "--rev", "v1", "--rev", "HEAD")
    assert data.run("diff", "v1", "HEAD").stdout.splitlines()[:2] == [
        "Added:",
        "    images/owl.txt",
    ]


def test_an_unknown_revision_is_an_error(data):
    done = data.invoke("diff", "v9")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: git knows no revision 'v9'\n")


def test_before_the_first_commit_everything_is_new(repo):
    repo.write("data/a", "a")
    repo.run("add", "data")
    repo.git("update-ref", "-d", "HEAD")

    result = repo.run("diff")

    assert result.exit_code == 0
    assert "data/a" in result.stdout
