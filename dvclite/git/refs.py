"""The names that git has for commits, asked of the git program.

libgit2 passes over refs that it cannot read; git says that it did. Where a forgotten ref means
deleted data, only the second will do.
"""

import re
from pathlib import Path
from typing import NamedTuple

from dvclite.errors import GitError, UnknownRevisionError
from dvclite.git.location import Place
from dvclite.git.program import Answer, data, refusal, run, text, untied

_SHOW_REFS = ("for-each-ref", "--format=%(objectname) %(symref) %(refname)")
# Each work tree has its own of these.
_OWN_REFS = ("refs/bisect", "refs/rewritten", "refs/worktree")

# Commits that git remembers in the midst of something, for its user but not from its collector.
# AUTO_MERGE is not among them: it holds pointers with conflict marks, and both sides are staged.
_PASSING = (
    "BISECT_HEAD",
    "CHERRY_PICK_HEAD",
    "FETCH_HEAD",
    "MERGE_AUTOSTASH",
    "MERGE_HEAD",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "REVERT_HEAD",
    "rebase-apply/autostash",
    "rebase-apply/orig-head",
    "rebase-merge/autostash",
    "rebase-merge/orig-head",
)
_ID = re.compile(rb"^[0-9a-f]{40,64}\b", re.MULTILINE)
_COMMIT = re.compile(rb"^([0-9a-f]{40,64}) commit ", re.MULTILINE)


class Ref(NamedTuple):
    """A name, and the id of what it names: a commit as a rule, or an annotated tag."""

    name: str
    id: str


class Head(NamedTuple):
    """What is checked out.

    Attributes:
        commit: Its id; None in a repository or on a branch without commits.
        branch: Its name, as in `git branch`; None where the head is detached.
    """

    commit: str | None
    branch: str | None


def resolve(place: Place, revision: str) -> str:
    """Return the id of the commit that a revision names, in any of git's notations.

    Raises:
        UnknownRevisionError: git knows no such commit.
        GitError: It names several, or git refused.
    """
    if not revision or "\n" in revision or "\0" in revision:
        raise UnknownRevisionError(revision)
    # On its standard input git takes nothing for an option. Without the suffix it does not look
    # behind tags; with it, a search for text would search for the suffix too.
    name = data(revision)
    answer = run(
        ["cat-file", "--batch-check"],
        place.root,
        place.environ,
        given=name + b"^{commit}\n" + name + b"\n",
    )
    found = _COMMIT.search(answer.out)
    if found is not None:
        return found.group(1).decode()
    if answer.out.endswith(b" ambiguous\n"):
        raise GitError(f"{revision!r} is short for several commits", hint="give more of its digits")
    raise UnknownRevisionError(revision)


def head(place: Place) -> Head:
    """Return what is checked out in this work tree.

    Raises:
        GitError: git refused.
    """
    asked = ["symbolic-ref", "--quiet", "HEAD"]
    answer = run(asked, place.root, place.environ, accepted=(0, 1, 128))
    if answer.code == 128:
        all_refs(place)  # It says more clearly which ref is broken.
        raise refusal(asked, answer.err)
    leads_to = text(answer.out).rstrip("\n")
    branch = leads_to.removeprefix("refs/heads/") or None
    try:
        return Head(resolve(place, "HEAD"), branch)
    except UnknownRevisionError:
        # A branch without commits has no ref; one that cannot be read is another matter.
        if branch is None or all_refs(place, leads_to):
            raise GitError("git cannot read the commit that is checked out") from None
        return Head(None, branch)


def all_refs(place: Place, *below: str) -> list[Ref]:
    """Return the repository's refs by name, all or those below certain ones.

    Refs that lead to other refs are left out, as those are there themselves.

    Raises:
        GitError: A ref cannot be read, or git refused.
    """
    return _listed(run([*_SHOW_REFS, *below], place.top, place.environ))


def kept_tips(place: Place) -> tuple[list[str], list[str]]:
    """Return the ids of all that git keeps, or remembers for a while, in every work tree.

    Returns:
        What refs, heads and reflogs (and with them the stash) name: git keeps it. And what else
        git remembers, which its own collector may have deleted.

    Raises:
        GitError: Something that names commits cannot be read, or git refused.
    """
    named = run(["rev-list", "--no-walk=unsorted", "--all", "--reflog"], place.top, place.environ)
    _check(
        named, hint="`git reflog expire --stale-fix --all` forgets entries whose commits are gone"
    )
    kept = [*text(named.out).split(), *(ref.id for ref in all_refs(place))]
    passing: list[str] = []
    for folder in _git_dirs(place):
        kept += [ref.id for ref in _listed(_in_git_dir(place, folder, [*_SHOW_REFS, *_OWN_REFS]))]
        passing += _passing(folder)
    return kept, passing


def staged_entries(place: Place) -> list[tuple[str, str]]:
    """Return path and blob of the files in the index of every work tree, conflicts included.

    Returns:
        Paths relative to the top of their work tree.

    Raises:
        GitError: git refused.
    """
    listing = ["ls-files", "-z", "--stage", "--full-name"]
    own = run(listing, place.top, place.environ).out
    others = [
        _in_git_dir(place, folder, listing).out
        for folder in _git_dirs(place)
        if (folder / "index").exists()
    ]
    entries: dict[tuple[str, str], None] = {}
    for line in b"".join([own, *others]).split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, blob, _ = about.decode().split(" ")
        if mode.startswith("100"):
            entries[text(path), blob] = None
    return list(entries)


def _git_dirs(place: Place) -> list[Path]:
    """Return the folders that git keeps for the main work tree and for every linked one."""
    try:
        records = sorted((place.common_dir / "worktrees").iterdir())
    except FileNotFoundError:
        records = []
    except OSError as error:
        raise GitError(f"{place.common_dir / 'worktrees'}: {error.strerror}") from error
    folders = [record for record in records if record.is_dir()]
    for folder in folders:
        if not (folder / "HEAD").exists():
            raise GitError(
                f"git's record of a worktree is broken: {folder}",
                hint="`git worktree prune` removes it; `git worktree repair` may mend it",
            )
    return [place.common_dir, *folders]


def _listed(answer: Answer) -> list[Ref]:
    _check(answer, hint="`git for-each-ref` shows it; its reflog may know what it named")
    lines = (line.split(" ", 2) for line in text(answer.out).splitlines())
    return [Ref(name, id_) for id_, leads_to, name in lines if not leads_to]


def _check(answer: Answer, *, hint: str) -> None:
    """Return if git left nothing out."""
    for line in answer.err.splitlines():
        if line.startswith(("warning:", "error:")):
            raise GitError(f"git cannot read all of its refs: {line.partition(': ')[2]}", hint=hint)


def _passing(folder: Path) -> list[str]:
    found: list[str] = []
    for name in _PASSING:
        try:
            said = (folder / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise GitError(f"{folder / name}: {error.strerror}") from error
        found += [id_.decode() for id_ in _ID.findall(said)]
    return found


def _in_git_dir(place: Place, folder: Path, arguments: list[str]) -> Answer:
    """Run git for one of the folders that it keeps, without any work tree.

    It does not look then whether that belongs to somebody else: another run must have.
    """
    return run(["--git-dir=.", *arguments], folder, untied(place.environ))
