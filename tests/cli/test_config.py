"""`dvclite config` and `dvclite cache dir`."""

import pytest


def test_what_is_set_can_be_got(repo):
    assert repo.run("config", "core.autostage", "true").stdout == ""
    assert repo.run("config", "core.autostage").stdout == "true\n"
    assert b"autostage = true" in repo.read(".dvclite/config")


def test_what_is_not_set_prints_nothing(repo):
    done = repo.invoke("config", "core.autostage")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")


def test_levels_have_files_of_their_own(repo, home):
    repo.invoke("config", "--global", "core.jobs", "3")
    repo.invoke("config", "--local", "core.jobs", "5")
    repo.invoke("config", "--project", "core.jobs", "4")

    assert repo.invoke("config", "core.jobs").stdout == "5\n"
    assert repo.invoke("config", "--global", "core.jobs").stdout == "3\n"
    assert repo.invoke("config", "--project", "core.jobs").stdout == "4\n"
    assert b"jobs = 5" in repo.read(".dvclite/config.local")


def test_the_last_level_named_counts_like_any_other_option(repo):
    done = repo.invoke("config", "--global", "--local", "core.jobs", "5")

    assert done.exit_code == 0
    assert b"jobs = 5" in repo.read(".dvclite/config.local")


def test_unset_takes_a_setting_away(repo):
    repo.invoke("config", "core.autostage", "true")

    assert repo.invoke("config", "-u", "core.autostage").exit_code == 0

    assert repo.invoke("config", "core.autostage").stdout == ""
    assert repo.invoke("config", "--unset", "core.autostage").exit_code == 1


def test_everything_can_be_listed_with_its_origin(repo, answer):
    repo.invoke("config", "--local", "core.jobs", "5")

    plain = repo.run("config", "--list")
    origins = repo.run("config", "-l", "--show-origin", env={"DVCLITE_CORE_AUTOSTAGE": "true"})
    local = answer(repo.invoke("config", "--list", "--local", "--json"))

    assert plain.stdout.splitlines() == ["core.hash=blake3", "core.jobs=5"]
    assert f"{repo.root / '.dvclite/config.local'}\tcore.jobs=5" in origins.stdout.splitlines()
    assert "DVCLITE_CORE_AUTOSTAGE\tcore.autostage=true" in origins.stdout.splitlines()
    assert local == [
        {
            "name": "core.jobs",
            "value": "5",
            "level": "local",
            "origin": str(repo.root / ".dvclite/config.local"),
        }
    ]


def test_outside_of_a_repository_the_user_has_settings_too(cli):
    assert cli("config", "--global", "core.jobs", "3").exit_code == 0
    assert cli("config", "core.jobs").stdout == "3\n"

    done = cli("config", "core.jobs", "3")
    assert done.exit_code == 1
    assert "hint: go into a repository, or use --global" in done.stderr


@pytest.mark.parametrize("words", [["core.autostagee"], ["core.autostagee", "true"]])
def test_a_setting_that_there_is_not_is_an_error_that_helps(repo, words):
    done = repo.invoke("config", *words)

    assert done.exit_code == 1
    assert "did you mean core.autostage" in done.stderr


def test_a_value_that_cannot_be_is_refused(repo):
    done = repo.invoke("config", "core.jobs", "many")

    assert done.exit_code == 1
    assert "a whole number" in done.stderr
    assert b"jobs" not in repo.read(".dvclite/config")


@pytest.mark.parametrize(
    "words", [[], ["-u"], ["core.jobs", "1", "-u"], ["-l", "core.jobs"], ["-l", "-u"]]
)
def test_words_that_make_no_sense_together(repo, words):
    assert repo.invoke("config", *words).exit_code == 2


def test_secrets_are_neither_shown_nor_tracked(stored):
    done = stored.run("config", "remote.store.password", "hunter2")
    verbose = stored.run("config", "--local", "-v", "remote.store.password", "hunter2")
    shown = stored.run("config", "--list", "--show-origin", "-v")

    assert done.stderr == (
        f"hint: this is private: it is kept in {stored.root / '.dvclite/config.local'},"
        " which git ignores\n"
    )
    assert verbose.stdout == f"Changed {stored.root / '.dvclite/config.local'}\n"
    assert b"hunter2" not in stored.read(".dvclite/config")
    assert b"hunter2" in stored.read(".dvclite/config.local")
    assert "hunter2" not in shown.stdout + shown.stderr
    assert "remote.store.password=***" in shown.stdout
    assert stored.invoke("config", "remote.store.password").stdout == "***\n"
    assert "hunter2" not in stored.invoke("config", "-l", "--json").stdout


def test_a_malformed_config_is_one_clear_error(repo):
    repo.write(".dvclite/config", "[core\n")

    done = repo.run("config", "-l")

    assert done.exit_code == 1
    assert "config:1: a malformed section title" in done.stderr


def test_the_folder_of_the_cache_is_printed_set_and_unset(repo, tmp_path):
    own = repo.run("cache", "dir").stdout
    repo.run("cache", "dir", "--local", "../shared")
    shared = repo.run("cache", "dir").stdout
    repo.run("cache", "dir", "--local", "--unset")

    assert own == f"{repo.root / '.dvclite/cache'}\n"
    assert shared == f"{tmp_path / 'shared'}\n"
    assert repo.invoke("cache", "dir").stdout == own
    assert repo.invoke("cache", "dir", "x", "-u").exit_code == 2


def test_a_family_without_a_command_shows_its_commands(repo):
    done = repo.invoke("cache")

    assert done.exit_code == 2
    assert "dir" in done.stdout + done.stderr
