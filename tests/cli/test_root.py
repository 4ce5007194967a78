"""`dvclite root`."""


def test_the_way_to_the_top_is_relative(repo):
    (repo.root / "a/b").mkdir(parents=True)

    assert repo.run("root").stdout == ".\n"
    assert repo.run("root", cwd="a/b").stdout.replace("\\", "/") == "../..\n"


def test_a_folder_to_start_in_can_be_named_before_or_after(repo, invoke):
    assert invoke("--cd", repo.root, "root").stdout == ".\n"
    assert invoke("root", "--cd", repo.root / ".dvclite").stdout == "..\n"


def test_outside_of_a_repository_there_is_none(cli):
    done = cli("root")

    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("error: not inside a dvclite repository: ")
