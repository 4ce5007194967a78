"""Repositories in which commands are hurt, and the commands."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from invariants import outputs

from dvclite.cache import lending
from dvclite.files import flushing, naming
from dvclite.remotestore.loose import fetching
from dvclite.repo.migration.order import Order
from dvclite.repo.repo import Repo
from dvclite.repo.versions import WORKSPACE, Choice, Keep
from dvclite.workspace import ahead, filling
from dvclite_local import group

BIG = b"0123456789abcdef" * (1 << 16) + b"and a little more"
"""Larger than what is read into memory at once."""

VERSION_1 = {
    "data/a.csv": b"a,1\n",
    "data/b.csv": b"b,1\n",
    "data/same.csv": b"a,1\n",
    "data/empty": b"",
    "data/sub/c.csv": b"c,1\n",
    "data/sub/deep/d.csv": b"d,1\n",
    "data/run.sh": b"#!/bin/sh\n",
    "data/b": b"a file, later a folder",
    "model": BIG,
}
VERSION_2 = {
    "data/a.csv": b"a,2\n",
    "data/b.csv": b"b,1\n",
    "data/new.csv": b"new,2\n",
    "data/sub/c.csv": b"c,2\n",
    "data/run.sh": b"#!/bin/sh\n",
    "data/b/now": b"a folder",
    "model": b"small now",
}


def write(repo, version):
    """Make the workspace hold a version, as a user's program would."""
    for name in ("data", "model"):
        path = repo / name
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
    for name, content in version.items():
        path = repo / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (repo / "data/run.sh").chmod(0o755)
    (repo / "data/nothing").mkdir()
    (repo / "data/link").symlink_to("a.csv")


def holds(repo, version):
    """Say whether the workspace holds exactly a version."""
    found = {}
    for place, folders, names in os.walk(repo):
        folders[:] = [name for name in folders if name not in (".dvclite", ".dvc", ".git")]
        for name in names:
            path = Path(place, name)
            is_ours = name.endswith(".dvc") or name in (".dvcignore", ".gitignore")
            if not is_ours and name != "link":
                found[str(path.relative_to(repo))] = path.read_bytes()
    return (
        found == version
        and os.readlink(repo / "data/link") == "a.csv"
        and os.listdir(repo / "data/nothing") == []
        and os.access(repo / "data/run.sh", os.X_OK)
        and not os.stat(repo / "data/a.csv").st_mode & 0o111
    )


def make(folder, *, links="copy", git=False, format="native", layout=""):
    """Make a repository, with an empty remote and a place beside it that is nobody's business."""
    (folder / "outside").mkdir()
    (folder / "outside/secret").write_bytes(b"secret")
    repo = folder / "repo"
    repo.mkdir()
    if git:
        subprocess.run(["git", "init", "--quiet", str(repo)], check=True)
        (repo / ".gitignore").write_bytes(b"/build\n")
    Repo.init(repo, scm=git, format=format)
    home = ".dvc" if format == "dvc" else ".dvclite"
    with (repo / home / "config").open("a") as config:
        if git and format == "dvc":
            config.write("[core]\n")
        config.write(f"    remote = store\n[cache]\n    type = {links}\n")
        config.write(f"['remote \"store\"']\n    url = {folder / 'remote'}\n    jobs = 1\n")
        if layout:
            config.write(f"    layout = {layout}\n")
    return repo


def opened(folder):
    os.chdir(folder / "repo")
    return Repo.open(folder / "repo")


def pointers(repo):
    return {path.name: path.read_bytes() for path in repo.glob("*.dvc")}


def set_pointers(repo, texts):
    """As `git checkout` would: pointers of another version."""
    for path in repo.glob("*.dvc"):
        path.unlink()
    for name, text in texts.items():
        (repo / name).write_bytes(text)


def add(folder):
    opened(folder).add(["data", "model"])


def add_part(folder):
    opened(folder).add(["data/sub", "data/new.csv"])


def commit(folder):
    opened(folder).commit()


def push_large(folder):
    """Push as if files were large; only in a process that ends after this."""
    lending._LARGE = 0
    push(folder)


def fetch_large(folder):
    """Fetch as if files were large; only in a process that ends after this."""
    fetching._LARGE = 1 << 10
    fetch(folder)


def checkout(folder):
    opened(folder).checkout()


def checkout_in_groups(folder):
    """Check out as if two files were many; only in a process that ends after this."""
    naming._MOST_FILES = filling._MOST_FILES = 2
    flushing._ONE_BY_ONE = 1
    checkout(folder)


def helped(action):
    """Return what does the same as if two files were many, with other processes."""

    def with_help(folder):
        ahead._FEW = filling._FEW = group._FEW = 1
        ahead.MOST_FILES = filling._MOST_TOGETHER = group._TOGETHER = 2
        naming._MOST_FILES = 3
        os.sched_getaffinity = lambda _process: {0, 1}
        action(folder)

    return with_help


def checkout_forced(folder):
    opened(folder).checkout(force=True)


def push(folder):
    opened(folder).push(jobs=1)


def fetch(folder):
    opened(folder).fetch(jobs=1)


def pull(folder):
    opened(folder).pull(jobs=1)


def pull_large(folder):
    """Pull as if files were large; only in a process that ends after this."""
    fetching._LARGE = 1 << 10
    pull(folder)


def remove(folder):
    opened(folder).remove(["data"])


def remove_outs(folder):
    opened(folder).remove(["data"], outs=True)


def move(folder):
    opened(folder).move("data", "renamed")


def collect(folder):
    opened(folder).gc(Keep(everything=False, versions=WORKSPACE), force=True)


def collect_now(folder):
    opened(folder).gc(Keep(everything=False, versions=WORKSPACE), force=True, now=True)


def migrate(folder):
    opened(folder).migrate()


def migrate_fetching(folder):
    opened(folder).migrate(Order(fetch=True, choice=Choice(jobs=1)))


def migrate_back(folder):
    opened(folder).migrate(Order(to="dvc", force=True))


def leave_lfs(folder):
    opened(folder).migrate_lfs(["data", "model"])


# What commands begin with.


def nothing_added(folder, **options):
    write(make(folder, **options), VERSION_1)


def version_1_added(folder, **options):
    nothing_added(folder, **options)
    add(folder)


def version_2_written(folder, **options):
    """Version 1 was added; the workspace has gone on."""
    version_1_added(folder, **options)
    write(folder / "repo", VERSION_2)


def version_2_added(folder, **options):
    """Both versions are in the cache."""
    version_2_written(folder, **options)
    add(folder)


def back_to_1(folder, **options):
    """Both versions are in the cache, the workspace holds the second, the pointers say the first."""
    version_1_added(folder, **options)
    first = pointers(folder / "repo")
    write(folder / "repo", VERSION_2)
    add(folder)
    set_pointers(folder / "repo", first)


def empty_workspace(folder, **options):
    """As a fresh clone with a full cache."""
    version_1_added(folder, **options)
    for name in ("data", "model"):
        path = folder / "repo" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for home in (".dvclite/tmp", ".dvc/tmp/dvclite"):
        (folder / "repo" / home / "stat.db").unlink(missing_ok=True)


def version_1_pushed(folder, **options):
    """The remote has the first version, the cache both."""
    version_1_added(folder, **options)
    push(folder)
    write(folder / "repo", VERSION_2)
    add(folder)


def cloned(folder, **options):
    """A fresh clone: pointers, an empty cache, a full remote."""
    empty_workspace(folder, **options)
    push(folder)
    for home in (".dvclite", ".dvc"):
        shutil.rmtree(folder / "repo" / home / "cache", ignore_errors=True)


def added_to_dvc(folder, **options):
    """A repository of DVC's, with the first version in the workspace and in the cache."""
    version_1_added(folder, format="dvc", **options)


def cloned_of_dvc(folder):
    """The same with an empty cache, and a full remote."""
    added_to_dvc(folder)
    push(folder)
    shutil.rmtree(folder / "repo/.dvc/cache")


def nothing_added_to_dvc(folder):
    nothing_added(folder, format="dvc")


def empty_workspace_of_dvc(folder):
    empty_workspace(folder, format="dvc")


def migrated_by_half(folder, **options):
    """One pointer of two has its new name already."""
    added_to_dvc(folder, **options)
    model = (folder / "repo/model.dvc").read_bytes()
    migrate(folder)
    (folder / "repo/model.dvc").write_bytes(model)


def in_lfs(folder):
    """A repository whose data is Git LFS's, which is not installed: texts, and contents beside."""
    repo = make(folder, git=True)
    for name, content in VERSION_1.items():
        oid = hashlib.sha256(content).hexdigest()
        stored = folder / "lfs/objects" / oid[:2] / oid[2:4] / oid
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_bytes(content)
        text = (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
        )
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_bytes(text.encode())
    (repo / ".gitattributes").write_text("data/** filter=lfs -text\nmodel filter=lfs -text\n")
    for words in (["add", "--all"], ["config", "lfs.storage", str(folder / "lfs")]):
        subprocess.run(["git", "-C", str(repo), *words], check=True)


def holds_files(repo, version):
    """Say whether the workspace holds the files of a version, where a format keeps nothing else."""
    return all((repo / name).read_bytes() == data for name, data in version.items())


def names_only(repo):
    """Return the paths of the outputs that pointers name."""
    return sorted(output.path for output in outputs(repo))
