"""What `--help` says, and that it is true."""

import hashlib
import re
import shlex
import shutil
import subprocess
import sys

import click
import pytest

from dvclite.cli import COMMANDS, main
from dvclite.cli.command import Command, Family

NAMES = [name for part in COMMANDS.values() for name in part]

HEAVY = {"yaml", "sqlite3", "pygit2", "json", "dvclite.repo.anyrepo", "dvclite.config.settings"}


def commands():
    """Yield every command with the words that call it."""
    context = click.Context(main)
    for name in NAMES:
        command = main.get_command(context, name)
        if isinstance(command, Family):
            yield from ((f"{name} {sub}", command.commands[sub]) for sub in command.commands)
        else:
            yield name, command


EVERY = dict(commands())


@pytest.mark.parametrize("words", EVERY)
def test_each_command_says_what_it_does_with_options_and_examples(words, invoke):
    done = invoke(*words.split(), "--help")

    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: dvclite {words} [OPTIONS]")
    assert re.search(r"\n  -q, --quiet +Print nothing but errors\.\n", done.stdout)
    assert f"\nExamples:\n  $ dvclite {words.split()[0]}" in done.stdout
    for option in EVERY[words].params:
        assert not isinstance(option, click.Option) or option.help, option.name


def test_every_line_of_the_list_fits_a_terminal(invoke):
    for words in ("", "remote", "cache"):
        for line in invoke(*words.split(), "--help").stdout.splitlines():
            assert len(line) <= 80, line
            assert line.startswith("Usage:") or not line.endswith("..."), line


def test_without_a_command_the_commands_are_listed(invoke):
    done = invoke()
    family = invoke("remote")

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: dvclite [OPTIONS] COMMAND")
    assert family.exit_code == 2
    assert family.stderr.startswith("Usage: dvclite remote [OPTIONS] COMMAND")


def test_help_loads_little():
    code = (
        "import sys; from dvclite.cli import main\n"
        f"for words in {['', *EVERY]!r}:\n"
        "    try: main([*words.split(), '--help'])\n"
        f"    except SystemExit: print(words, *{HEAVY!r} & set(sys.modules), file=sys.stderr, sep=',')"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)

    told = [line.split(",") for line in done.stderr.splitlines()]
    assert [words for words, *_ in told] == ["", *EVERY]
    loaded = next((line for line in told if line[1:]), None)
    assert not loaded, "the first help that loads what is heavy, and what"


def test_a_command_s_module_is_loaded_only_when_it_is_named():
    code = (
        "import sys; from dvclite.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)

    assert not [name for name in done.stderr.split() if name.startswith("dvclite.cli.commands")]


def test_every_command_has_examples():
    for words, command in EVERY.items():
        assert isinstance(command, Command), words
        assert command.examples, words


EXAMPLES = [(words, example) for words, command in EVERY.items() for example in command.examples]


@pytest.fixture(scope="session")
def world_template(tmp_path_factory):
    """Where the world is kept from the first test that makes it to the others."""
    return tmp_path_factory.mktemp("world") / "repo"


@pytest.fixture
def world(repo, world_template):
    """A repository in which all examples make sense."""
    if not world_template.exists():
        make_world(repo, world_template.parent)
        shutil.copytree(repo.root, world_template, symlinks=True)
    shutil.rmtree(repo.root)
    shutil.copytree(world_template, repo.root, symlinks=True)
    return repo


def make_world(repo, beside):
    def do(*words):
        done = repo.invoke(*words)
        assert done.exit_code == 0, done.stderr

    repo.write("images/cat.jpg", "cat")
    repo.write("images/dog.jpg", "dog")
    repo.write("model.pkl", "model")
    repo.write("code.py", "code")
    repo.write(".dvcignore", "*.tmp\n")
    do("add", "images", "model.pkl")
    do("remote", "add", "-d", "store", beside / "store")
    do("remote", "add", "cloud", beside / "cloud")
    do("remote", "modify", "store", "jobs", "4")
    do("config", "--local", "core.autostage", "false")
    do("config", "core.autostage", "true")
    do("config", "--local", "cache.dir", ".dvclite/cache")
    repo.commit("First")
    repo.git("tag", "v1")
    repo.write("images/dog.jpg", "another dog")
    do("commit")
    repo.commit("Second")
    repo.git("tag", "v2")
    do("push", "--all-tags")
    repo.write("raw/may.csv", "1,2")
    origin = "- path: code.py\n  repo:\n    url: .\n    rev: v1\n"
    repo.write("labels.dvc", f"deps:\n{origin}outs:\n- hash: blake3\n  path: labels\n")


def hand_to_lfs(world):
    """Let git track the images and a file by texts of Git LFS's, with the content beside them."""
    world.invoke("remove", "images")
    world.write("model.bin", "model")
    (world.root / ".gitignore").unlink()
    for path in ("images/cat.jpg", "images/dog.jpg", "model.bin"):
        data = world.read(path)
        oid = hashlib.sha256(data).hexdigest()
        world.write(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", data)
        world.write(
            path,
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n",
        )
        world.git("add", path)


@pytest.mark.parametrize(("words", "example"), EXAMPLES)
def test_examples_work_as_they_stand(words, example, world):
    program, *rest = shlex.split(example)
    for name in ("projects/birds", "models"):
        (world.root / name).mkdir(parents=True)
    if words == "init":
        shutil.rmtree(world.root / ".dvclite")
    if "lfs" in rest:
        hand_to_lfs(world)
    if words == "remote add":
        world.invoke("remote", "remove", "store")
        world.invoke("remote", "remove", "cloud")

    done = world.invoke(*rest)

    assert program == "dvclite"
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
