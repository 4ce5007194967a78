"""Shows dvclite at work on real data, from a bare clone: `python3 docs/tour.py`.

Makes an environment in `.venv`, then plays a story in a folder of its own: handwritten digits and a
model trained on them, two versions of both, a directory as remote, and a colleague who clones the
repository and goes back to version 1. Each command is printed before it runs, and after each move
every file is compared with what it should be, by SHA-256. The folder is removed at the end;
`--keep FOLDER` plays in a new folder that stays. `--remote URL` takes another place for the directory,
for instance `s3://bucket/folder`, with credentials as the cloud's own tools find them; `--set NAME=VALUE`
sets one of its options. What the tour writes there stays. `--here` uses the Python that runs this file,
which must have dvclite and scikit-learn, and what the remote needs.
"""

import argparse
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

DATA = ("digits", "samples.csv", "model.pkl")

TRAIN = '''\
"""Train a model on digits/ and say how often it is right about digits that it has not seen."""

import csv
import pickle

import numpy
from sklearn.ensemble import RandomForestClassifier

with open("samples.csv", newline="") as table:
    samples = list(csv.DictReader(table))
images = numpy.array([numpy.loadtxt(sample["file"], delimiter=",").ravel() for sample in samples])
labels = numpy.array([int(sample["label"]) for sample in samples])
unseen = numpy.arange(len(samples)) % 5 == 0

model = RandomForestClassifier(n_estimators=60, random_state=1)
model.fit(images[~unseen], labels[~unseen])
with open("model.pkl", "wb") as file:
    pickle.dump(model, file)
score = model.score(images[unseen], labels[unseen])
print(f"trained on {sum(~unseen)} digits; {score:.1%} of {sum(unseen)} others recognised")
'''


EXTRAS = {"s3": "s3", "gs": "gcs"}
"""What dvclite must be installed with, by the scheme of a remote's address."""

CREDENTIALS = {
    "AWS_CONFIG_FILE": ".aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials",
    "CLOUDSDK_CONFIG": ".config/gcloud",
}
"""Where clouds look below the home folder, by the variables that say otherwise."""


class Tour:
    """Types commands in a folder and compares what comes of them."""

    def __init__(self, folder, remote, options):
        self.folder = folder
        self.remote = remote or str(folder / "store")
        self.options = options
        self.failed = 0
        self.passed = 0
        home = folder / "home"
        home.mkdir()
        identity = {"NAME": "Ada Lovelace", "EMAIL": "ada@example.com"}
        settings = {"init.defaultBranch": "main", "advice.detachedHead": "false"}
        credentials = {name: Path.home() / path for name, path in CREDENTIALS.items()}
        self.environ = {
            **{name: str(path) for name, path in credentials.items() if path.exists()},
            **{name: value for name, value in os.environ.items() if not _is_settings(name)},
            **{
                f"GIT_{who}_{key}": identity[key]
                for who in ("AUTHOR", "COMMITTER")
                for key in identity
            },
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{f"GIT_CONFIG_KEY_{n}": key for n, key in enumerate(settings)},
            **{f"GIT_CONFIG_VALUE_{n}": settings[key] for n, key in enumerate(settings)},
            "HOME": str(home),
            "USERPROFILE": str(home),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }

    def say(self, text):
        print(f"\n# {text}", flush=True)

    def type(self, command, *, at):
        """Print a command and run it in the folder `at`; the tour stops if it fails."""
        print(f"{at}$ {command}", flush=True)
        words = shlex.split(command)
        program = shutil.which(words[0], path=self.environ["PATH"])
        if not program:
            sys.exit(f"{words[0]} is not installed")
        words[0] = program
        done = self._run(words, at, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f"exit code {done.returncode}")

    def check(self, statement, holds):
        """Say whether a statement holds; if not, the tour fails at its end."""
        print(f"{'  ok:' if holds else '  WRONG:'} {statement}", flush=True)
        self.passed += holds
        self.failed += not holds

    def check_data(self, version, expected, *, at):
        found = fingerprints(self.folder / at)
        self.check(
            f"all {len(expected):,} files are those of {version}, byte for byte", found == expected
        )

    def check_git(self, *, at):
        done = self._run(["git", "status", "--porcelain"], at, capture_output=True)
        self.check("git has nothing left to commit", done.returncode == 0 and not done.stdout)

    def _run(self, words, at, **options):
        return subprocess.run(words, cwd=self.folder / at, env=self.environ, **options)


def _is_settings(name):
    return name.startswith(("GIT_", "DVCLITE_", "XDG_"))


def fingerprints(folder):
    """Return the SHA-256 of every data file below `folder`, by its path."""
    paths = [path for name in DATA for path in [folder / name, *(folder / name).rglob("*")]]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


def write_samples(folder, numbers):
    """Write digits of scikit-learn's dataset, a file each, and a table of them all."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    rows = ["file,label,ink\n"]
    for number in numbers:
        path = folder / "digits" / str(labels[number]) / f"{number:04}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [",".join(f"{value:.0f}" for value in row) for row in images[number].reshape(8, 8)]
        path.write_text("\n".join(lines) + "\n", newline="\n")
        rows.append(
            f"{path.relative_to(folder).as_posix()},{labels[number]},{images[number].sum():.0f}\n"
        )
    (folder / "samples.csv").write_text("".join(rows), newline="\n")


def play(tour):
    """Play the story; the checks count what holds."""
    ada = tour.folder / "ada"
    ada.mkdir()

    tour.say("Ada has code, a dataset of small files, a table, and trains a model")
    write_samples(ada, range(1200))
    (ada / "train.py").write_text(TRAIN)
    tour.type("git init --quiet", at="ada")
    tour.type("dvclite init", at="ada")
    tour.type("python train.py", at="ada")

    tour.say("She adds data and model: small pointer files for git, the content into the cache")
    tour.type("dvclite add digits samples.csv model.pkl", at="ada")
    tour.type("git add .", at="ada")
    tour.type('git commit --quiet -m "First model"', at="ada")
    tour.type("git tag v1", at="ada")
    tour.type("git ls-files", at="ada")
    version_1 = fingerprints(ada)
    tour.check_git(at="ada")

    tour.say("A place to keep the data: a directory, or a bucket")
    tour.type(f"dvclite remote add -d store {shlex.quote(tour.remote)}", at="ada")
    for option in tour.options:
        name, _, value = option.partition("=")
        tour.type(f"dvclite remote modify store {name} {shlex.quote(value)}", at="ada")
    tour.type("dvclite remote test", at="ada")
    tour.type('git commit --quiet -a -m "Say where the data is kept"', at="ada")
    tour.type("dvclite push", at="ada")
    tour.check_git(at="ada")

    tour.say("Version 2: more digits, some dropped, some redrawn, and a better model")
    shutil.rmtree(ada / "digits" / "0")
    write_samples(ada, [number for number in range(1797) if number % 100 != 99])
    for path in sorted((ada / "digits" / "7").iterdir())[:20]:
        path.write_text(path.read_text().replace("16", "15"), newline="\n")
    tour.type("python train.py", at="ada")
    tour.type("dvclite status --names 3", at="ada")
    tour.type("dvclite add digits samples.csv model.pkl", at="ada")
    tour.type('git commit --quiet -a -m "Better model"', at="ada")
    tour.type("git tag v2", at="ada")
    tour.type("dvclite push", at="ada")
    version_2 = fingerprints(ada)
    tour.check("the two versions differ", version_1 != version_2)
    tour.check_git(at="ada")

    tour.say("Bob clones the repository: pointers come from git, the data from the remote")
    tour.type("git clone --quiet ada bob", at=".")
    tour.check("a clone has no data yet", not fingerprints(tour.folder / "bob"))
    tour.type("dvclite pull", at="bob")
    tour.check_data("v2", version_2, at="bob")
    tour.check_git(at="bob")

    tour.say("He goes back to version 1, code and data")
    tour.type("dvclite fetch --all-tags", at="bob")
    tour.type("git checkout --quiet v1", at="bob")
    tour.type("dvclite checkout", at="bob")
    tour.check_data("v1", version_1, at="bob")
    tour.check_git(at="bob")

    tour.say("The same code on the same data makes the same model")
    tour.type("python train.py", at="bob")
    tour.check_data("v1", version_1, at="bob")
    tour.type("dvclite status", at="bob")

    tour.say("And forward again")
    tour.type("git checkout --quiet main", at="bob")
    tour.type("dvclite checkout", at="bob")
    tour.check_data("v2", version_2, at="bob")
    tour.check_git(at="bob")

    tour.say("Ada does the same; everything is in her cache")
    tour.type("git checkout --quiet v1", at="ada")
    tour.type("dvclite checkout", at="ada")
    tour.check_data("v1", version_1, at="ada")
    tour.type("git checkout --quiet main", at="ada")
    tour.type("dvclite checkout", at="ada")
    tour.check_data("v2", version_2, at="ada")
    tour.check_git(at="ada")


def start_in_an_environment(arguments, remote):
    sys.path.insert(0, str(ROOT / "tests"))
    import environment

    extra = EXTRAS.get(remote.partition("://")[0])
    python = environment.python_with(extras=[extra] if extra else [], groups=["tour"])
    command = [python, __file__, "--here", *arguments]
    return subprocess.run(command, env=environment.clean_environ()).returncode


def remove(folder):
    """Remove the folder of a tour: on Windows, what is read-only must be made writable first."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o200)
    shutil.rmtree(folder)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--keep", metavar="FOLDER", type=Path, help="play in this folder, and leave it"
    )
    parser.add_argument("--remote", metavar="URL", default="", help="keep the data there")
    parser.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="an option of the remote"
    )
    parser.add_argument("--here", action="store_true", help="use this Python as it is")
    options = parser.parse_args(arguments)
    if not options.here:
        return start_in_an_environment(arguments, options.remote)
    if options.keep:
        options.keep.mkdir(parents=True)
    folder = (options.keep or Path(tempfile.mkdtemp(prefix="dvclite-tour-"))).resolve()
    tour = Tour(folder, options.remote, options.set)
    try:
        play(tour)
    finally:
        if not options.keep:
            remove(folder)
    print(f"\n{tour.passed} checks passed, {tour.failed} failed")
    return int(tour.failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
