"""The folder of the new format: made, and put in charge."""

import os
from dataclasses import replace
from posixpath import dirname

from dvclite.config.settings import Config
from dvclite.config.succession import Succession, succeed
from dvclite.config.writing import write_document
from dvclite.files import changes
from dvclite.files.atomic import discard, flush_folder, write_atomically
from dvclite.files.staging import make_folder
from dvclite.formats.home import Home
from dvclite.repo.project import Project


def settings_for(project: Project, home: Home) -> Succession:
    """Return what the config files of another format are to say of a repository."""
    folder = project.root / home.folder
    # What it said when it was in charge before stands aside now.
    before = replace(home, settings=home.aside)
    if (folder / home.settings).exists():
        before = home
    target = Config.load(folder, environ=project.environ, home=before)
    found = succeed(project.config, target, home.first_config("", project.uses_git))
    aside, config = folder / home.aside, folder / home.settings
    return Succession(
        {config if path == aside else path: one for path, one in found.documents.items()},
        {config if path == aside else path: one for path, one in found.levels.items()},
        found.left,
    )


def enthrone(project: Project, home: Home, settings: Succession) -> Project:
    """Put a format in charge of a repository, and return the repository as it is then.

    The folder that was in charge stays beside the new one: all that was committed until now is
    read through it.

    Args:
        project: The repository.
        home: What is to be in charge.
        settings: What its config files are to say.
    """
    folder = project.root / home.folder
    make_folder(folder)
    if not os.path.lexists(folder / ".gitignore"):
        ignored = "".join(f"/{name}\n" for name in home.private)
        write_atomically(folder / ".gitignore", ignored.encode())
    if home.marker and not os.path.lexists(folder / home.marker):
        make_folder(folder / dirname(home.marker))
        write_atomically(folder / home.marker, b"")
    config = folder / home.settings
    # What may decide which of the two is in charge comes last.
    for path, document in sorted(settings.documents.items(), key=lambda item: item[0] == config):
        if document.text or path == config:
            write_document(path, document, settings.levels[path], secret=True)
    flush_folder(os.fspath(project.root))
    before = project.root / project.home.folder
    if project.home.aside != project.home.settings:
        changes.rename(
            os.fspath(before / project.home.settings), os.fspath(before / project.home.aside)
        )
        flush_folder(os.fspath(before))
    opened = Project.open(project.root, project.environ)
    opened.register()
    return opened


def tidy(project: Project) -> None:
    """Remove the settings that stood aside while another format was in charge."""
    home = project.home
    if home.aside != home.settings:
        discard(os.fspath(project.folder / home.aside))


def own_files(project: Project) -> list[str]:
    """Return the files of both homes that git should know, or know to be gone."""
    found = []
    for each in (project, project.former):
        if each is not None:
            home = each.home
            names = [".gitignore", "config", home.aside, home.own_config]
            found += [f"{home.folder}/{name}" for name in dict.fromkeys(names) if name]
    return found
