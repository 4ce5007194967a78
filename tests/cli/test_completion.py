"""`dvclite completion`, and what shells ask."""

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(cli, shell):
    done = cli("completion", shell)

    assert done.exit_code == 0
    assert "_DVCLITE_COMPLETE" in done.stdout
    assert "dvclite" in done.stdout


def test_a_shell_has_to_be_named(cli):
    assert cli("completion").exit_code == 2
    assert cli("completion", "tcsh").exit_code == 2


def complete(repo, line):
    env = {
        "_DVCLITE_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = repo.run(env=env)
    assert done.exit_code == 0, done.stderr
    return [item.partition(",")[2] for item in done.stdout.splitlines()]


def test_commands_options_and_remotes_are_completed(stored):
    assert complete(stored, "dvclite ch") == ["checkout", "check-ignore"]
    assert complete(stored, "dvclite add --gl") == ["--glob"]
    assert complete(stored, "dvclite push -r st") == ["store"]
    assert complete(stored, "dvclite remote remove ") == ["store"]
    assert complete(stored, "dvclite remote re") == ["remove", "rename"]
