"""Where an output may be: what its pointer, its line in .gitignore and git itself can cope with."""

import os
from collections.abc import Sequence

from dvclite.errors import Hint, UnsupportedFileError
from dvclite.paths import check_path, is_reserved
from dvclite.pointer import is_pointer, pointer_path
from dvclite.repo.outputs import nested_projects
from dvclite.repo.project import Project


def check_place(project: Project, path: str) -> None:
    """Return if a path is one that an output may have, or that may be inside of one.

    Raises:
        UnsupportedFileError: It is not, and why.
        FileAccessError: It is reached through a symbolic link.
        HostilePathError: It is no path that a pointer may name.
    """
    if path == "." or is_reserved(path.split("/", maxsplit=1)[0]):
        raise UnsupportedFileError(
            path, "it holds the repository itself", hint="add the folders with data in it"
        )
    if is_pointer(path):
        raise UnsupportedFileError(
            path, "it is a pointer", hint="add the data that it names, or run `dvclite commit`"
        )
    _check_name(path)
    project.workspace.check_way(path)
    for nested in nested_projects(project, [path]):
        raise UnsupportedFileError(
            path, f"{nested} is a repository of its own", hint="add it there"
        )
    if project.uses_git and (foreign := _other_git(project, path)) is not None:
        raise UnsupportedFileError(
            path,
            f"{foreign}/ is a git repository of its own, and this one does not see what is in it",
            hint="run `dvclite init` there, and add it there",
        )


def check_pointers_show(project: Project, outputs: Sequence[str]) -> None:
    """Return if git would show the pointers of outputs to everybody.

    Raises:
        UnsupportedFileError: It ignores one.
    """
    for path in project.index.ignored([pointer_path(path) for path in outputs]):
        raise UnsupportedFileError(
            path.removesuffix(".dvc"),
            f"git ignores its pointer {path}",
            hint=Hint("`git check-ignore -v {}` shows by which line", path),
        )


def _check_name(path: str) -> None:
    check_path(path)
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise UnsupportedFileError(
            path, "its name is not UTF-8", hint="add the folder that holds it, or rename it"
        ) from None
    if not path.isprintable():
        raise UnsupportedFileError(
            path,
            "its name has characters that a line of .gitignore cannot hold",
            hint="add the folder that holds it, or rename it",
        )


def _other_git(project: Project, path: str) -> str | None:
    """Return the folder above a path that is the top of another git work tree, if there is one."""
    folder = path.rpartition("/")[0]
    while folder:
        if os.path.lexists(os.path.join(project.root, folder, ".git")):
            return folder
        folder = folder.rpartition("/")[0]
    return None
