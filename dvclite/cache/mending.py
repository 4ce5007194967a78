"""Damaged packs of a cache: what is whole in them is rescued, then they are out of the way."""

import os

from dvclite.cache.packfolder import PackFolder
from dvclite.cache.refusing import READ_ONLY
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging
from dvclite.hashing import Algorithm
from dvclite.pack.rescue import rescue
from dvclite.pack.writer import Pack


def set_aside(folder: PackFolder, pack: str, algorithm: Algorithm) -> str:
    """Write what is whole in a damaged pack into a new one, and move it out of the way.

    A pack in which every blob is whole is made anew in its place.

    Returns:
        Where the damaged pack is now; nothing where it was made anew, and where the cache cannot
        be changed: it stays where it is then.
    """
    aside = folder.aside_path(pack)
    try:
        with Staging(os.path.join(folder.root, "tmp"), mode=folder.folder_mode) as staging:
            rest = _rescue(folder, pack, staging.new_path(), algorithm)
        if rest is not None and rest.id == pack:
            return ""
        return aside if folder.move(folder.path(pack), aside) else ""
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        return ""


def _rescue(folder: PackFolder, pack: str, partial: str, algorithm: Algorithm) -> Pack | None:
    """Bring what is whole in a damaged pack into its place, and return the pack that has it."""
    try:
        rest = rescue(folder.path(pack), partial, algorithm)
    except FileNotFoundError:
        return None  # Another process was faster.
    if rest is not None:
        folder.share(partial)
        naming = Naming(folder.root, renaming(folder.make_folder))
        naming.add(partial, folder.path(rest.id), rest.size)
        naming.finish()
    return rest
