"""`dvclite init`."""


def test_a_repository_is_made_and_staged(git_repo):
    done = git_repo.run("init")

    assert done.exit_code == 0
    assert done.stdout == f"Made a repository in {git_repo.root}\n"
    assert done.stderr == 'hint: git commit -m "Begin to version data"\n'
    assert "A  .dvclite/config" in git_repo.git("status", "--short")


def test_the_hash_is_chosen_for_good(git_repo):
    assert git_repo.invoke("init", "--hash", "xxh128").exit_code == 0
    assert git_repo.invoke("config", "core.hash").stdout == "xxh128\n"


def test_an_unknown_hash_is_a_wrong_word(git_repo):
    done = git_repo.invoke("init", "--hash", "md4")

    assert done.exit_code == 2
    assert "blake3" in done.stderr


def test_a_second_repository_in_its_place_is_refused(repo):
    done = repo.invoke("init")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: already a dvclite repository: ")


def test_below_the_top_of_git_it_has_to_be_meant(git_repo):
    (git_repo.root / "project").mkdir()

    refused = git_repo.invoke("init", "project")
    made = git_repo.invoke("init", "--subdir", "project")

    assert refused.exit_code == 1
    assert "dvclite init --subdir" in refused.stderr
    assert made.exit_code == 0
    assert (git_repo.root / "project/.dvclite/config").exists()


def test_outside_of_git_it_has_to_be_meant(invoke, tmp_path):
    refused = invoke("init")
    made = invoke("init", "--no-scm")

    assert refused.exit_code == 1
    assert "--no-scm" in refused.stderr
    assert (made.exit_code, made.stderr) == (0, "")
    assert (tmp_path / ".dvclite/config").exists()


def test_quiet_says_nothing(git_repo):
    done = git_repo.invoke("init", "-q")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
