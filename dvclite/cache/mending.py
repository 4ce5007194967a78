"""Damaged packs of a cache: what is whole in them is rescued, then they are out of the way."""

import os

from dvclite.cache.loose import READ_ONLY
from dvclite.cache.packfolder import PackFolder
from dvclite.files.naming import Naming, renaming
from dvclite.files.staging import Staging
from dvclite.hashing import Algorithm
from dvclite.pack.salvage import salvage
from dvclite.pack.writer import Pack, PackWriter


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
    writer = PackWriter(partial, algorithm)
    try:
        for entry, stored in salvage(folder.path(pack), algorithm):
            writer.add(entry.kind, entry.digest, stored, codec=entry.codec, size=entry.size)
        if not writer.count:
            return None
        rest = writer.finish()
        folder.share(partial)
        naming = Naming(folder.root, renaming(folder.make_folder))
        naming.add(partial, folder.path(rest.id), rest.size)
        naming.finish()
        return rest
    except FileNotFoundError:
        return None  # Another process was faster.
    finally:
        writer.discard()
