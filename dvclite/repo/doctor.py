"""`doctor`: whether everything works here, one thing at a time."""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from dvclite import __version__
from dvclite.cache.layout import Kind
from dvclite.config.setting import RemoteSettings
from dvclite.errors import DvcliteError, Hint
from dvclite.files import changes
from dvclite.files.linking import can_clone
from dvclite.files.staging import Staging
from dvclite.git.program import run
from dvclite.repo.hooks import is_installed
from dvclite.repo.outputs import pointers
from dvclite.repo.project import Project
from dvclite.repo.results.keeping import Finding
from dvclite.repo.stores import is_apart

_LIBRARIES = ("click", "pygit2", "blake3", "xxhash", "PyYAML", "boto3", "google-cloud-storage")


def system() -> Iterator[Finding]:
    """Yield what can be told without a repository."""
    yield Finding("dvclite", __version__)
    yield Finding("python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("platform", platform.platform())
    for name in _LIBRARIES:
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            extra = {"boto3": "s3", "google-cloud-storage": "gcs"}.get(name)
            hint = f"pip install 'dvclite[{extra}]' brings it" if extra else ""
            yield Finding(name, "not installed", ok=extra is not None, hint=hint)


def doctor(project: Project) -> Iterator[Finding]:
    """Yield what was found out about a repository. Nothing outside its own folders is touched."""
    yield from system()
    yield _git(project)
    yield Finding("repository", str(project.root))
    yield _cache(project)
    yield from _links(project)
    yield from _pointers(project)
    yield from _remotes(project)
    yield from _unheeded(project)
    if project.uses_git:
        yield _hooks(project)


def _git(project: Project) -> Finding:
    try:
        answer = run(["--version"], project.root, project.environ)
    except DvcliteError as error:
        return Finding("git", str(error), ok=not project.uses_git, hint=error.hint)
    return Finding("git", answer.out.decode().strip().removeprefix("git version "))


def _cache(project: Project) -> Finding:
    root = project.cache.root
    if not root.exists():
        return Finding("cache", f"{root} (made with the first `dvclite add`)")
    if not os.access(root, os.W_OK | os.X_OK):
        hint = "ask its owner for write permission, or set another place with `dvclite cache dir`"
        return Finding("cache", f"{root} is not writable", ok=False, hint=hint)
    free = os.statvfs(root) if hasattr(os, "statvfs") else None
    room = f", {free.f_bavail * free.f_frsize >> 30:,} GiB free" if free is not None else ""
    return Finding("cache", f"{root}{room}")


def _links(project: Project) -> Iterator[Finding]:
    """Try every kind of link from the cache to the workspace."""
    if not project.cache.root.exists():
        return
    try:
        possible = _possible_links(project)
    except OSError as error:
        detail = f"cannot be tried: {error.filename}: {error.strerror}"
        yield Finding("links", detail, ok=False, hint="`ls -ld` shows who may write there")
        return
    wanted = project.workspace.kinds
    for kind, works in possible.items():
        detail = "works" if works else "not possible from the cache to the workspace"
        needed = wanted[0] is kind and len(wanted) == 1
        hint = "set cache.type to another kind" if needed and not works else ""
        yield Finding(str(kind), detail, ok=works or not needed, hint=hint)


def _possible_links(project: Project) -> dict[Kind, bool]:
    with Staging(project.cache.root / "tmp") as there, Staging(project.temporary) as here:
        source = there.new_path()
        fd = changes.create(source)
        changes.write(fd, b"dvclite")
        changes.close(fd)
        kinds = (Kind.REFLINK, Kind.HARDLINK, Kind.SYMLINK)
        return {kind: _can_link(kind, source, here.new_path()) for kind in kinds}


def _can_link(kind: Kind, source: str, target: str) -> bool:
    try:
        if kind is Kind.HARDLINK:
            changes.link(source, target)
        elif kind is Kind.SYMLINK:
            changes.symlink(source, target)
        else:
            return can_clone(source, target)
    except OSError:
        return False  # That is the answer.
    return True


def _pointers(project: Project) -> Iterator[Finding]:
    try:
        found = pointers(project)
    except DvcliteError as error:
        yield Finding("pointers", str(error), ok=False, hint=error.hint)
        return
    yield Finding("pointers", f"{len(found):,}")
    tracked = [output.path for pointer in found for output in pointer.outputs]
    if project.uses_git and (held := project.index.tracked(tracked)):
        hint = Hint("untrack it with `git rm -r --cached -- {}`, and commit", held[0])
        yield Finding("data in git", f"git tracks {held[0]}", ok=False, hint=hint)


def _remotes(project: Project) -> Iterator[Finding]:
    for name in project.config.remote_names():
        try:
            settings = project.config.remote(name)
        except DvcliteError as error:
            yield Finding(f"remote {name}", str(error), ok=False, hint=error.hint)
            continue
        default = " (default)" if project.config.get("core.remote") == name else ""
        hint = f"`dvclite remote test {name}` tries it"
        kind = _kind(project, settings)
        yield Finding(f"remote {name}", f"{settings.shown_url}{default}{kind}", hint=hint)


def _kind(project: Project, settings: RemoteSettings) -> str:
    """Return what is special about how data lies on a remote."""
    if settings.keeps_versions:
        return ", keeps versions: dvclite reads it, and only DVC pushes to it"
    if is_apart(project, settings.name):
        return ", holds packs: DVC cannot read it"
    return ""


def _unheeded(project: Project) -> Iterator[Finding]:
    """Yield the settings that are kept for another program, and change nothing here."""
    unheeded = dict(project.home.unheeded)
    for setting in project.config.settings():
        section = setting.section.partition(".")[0]
        instead = unheeded.get(f"{section}.{setting.option}")
        if instead is not None:
            yield Finding(setting.name, f"{setting.shown}, only for DVC: {instead}")


def _hooks(project: Project) -> Finding:
    if is_installed(project):
        return Finding("git hooks", "installed")
    hint = "`dvclite install` makes data follow `git checkout`"
    return Finding("git hooks", "not installed", hint=hint)
