"""What must be true of a repository whatever happened to the last command.

I1  every byte the user had is in the workspace, the cache, its trash, or the remote
I2  a file with a blob's name has that blob's content
I3  a pointer names only what the cache holds; a tree on a remote only what the remote holds
I6  nothing outside was touched
I7  leftovers are few, and gone after the next commands
"""

import functools
import os
import re
from hashlib import md5
from pathlib import Path

from blake3 import blake3

from dvclite.files.atomic import PARTIAL_PREFIX
from dvclite.formats.dvc import DVC
from dvclite.formats.format import succeeding
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, is_foreign
from dvclite.pack.layout import oid_of, pack_at
from dvclite.pack.reader import PackFile
from dvclite.pointer.reading import parse
from dvclite.statcache.statcache import StatCache

FORMAT = native(BLAKE3)
BOTH = succeeding(FORMAT, DVC).algorithm
"""What pointers may name data by."""

OURS = ("tmp", ".dvclite-tmp", "leases", "projects", ".git")
"""Folders of what is on its way or can be made again, and what is git's."""


DERIVED = ("stat.db-journal", "packs.db", "packs.db-journal", "blake3.db", "blake3.db-journal")
"""Files in `tmp` that no command needs."""


OWN_NAME = re.compile(r"[^/]+-[0-9]+-[0-9a-f]{8}")
"""What belongs to one process is called otherwise in each run."""


_digests = {}


def digest(path):
    """Return the hash of a file, read once for all that is checked of it."""
    stat = os.stat(path)
    known = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    if known not in _digests:
        _digests[known] = blake3(Path(path).read_bytes()).hexdigest()
    return _digests[known]


@functools.cache
def entries(oid, data, format=FORMAT):
    """Return the files of a tree."""
    return [entry.oid for entry in format.read_tree(oid, data) if entry.is_file]


def state_of(folder):
    """Return all that the next command could find below a folder, to tell states apart."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        inside = OWN_NAME.sub("*", os.path.relpath(place, folder))
        found.append((inside, os.stat(place).st_mode, ""))
        for name in names:
            path = os.path.join(place, name)
            own = f"{inside}/{OWN_NAME.sub('*', name)}"
            if os.path.islink(path):
                found.append((own, 0, os.readlink(path)))
            elif name == "stat.db":
                found.append((own, 0, remembered(path)))
            elif name not in DERIVED:
                found.append((own, os.stat(path).st_mode, digest(path)))
    return tuple(sorted(found))


def remembered(path):
    """Return what a stat cache says, whatever the stats themselves are."""
    with StatCache(path) as cache:
        wholes = cache.outputs()
        rows = [row for whole in wholes for row in cache.below(whole.path)]
    return repr((wholes, [(path, bool(signature), content) for path, signature, content in rows]))


def files(folder):
    """Yield every regular file below a folder that is neither on its way nor made again."""
    for place, names, found in os.walk(folder):
        names[:] = [name for name in names if name not in OURS]
        for name in found:
            path = os.path.join(place, name)
            if not os.path.islink(path) and not name.startswith(PARTIAL_PREFIX):
                yield path


def data_of(folder):
    """Return the contents below a folder, by hash: all but pointers and settings."""
    found = set()
    for path in files(folder):
        if pack_id(path):
            found.update(oid.removesuffix(".dir") for oid in packed(path))
        elif not path.endswith((".dvc", ".gitignore", ".dvcignore", "config", "config.former")):
            found.add(digest(path))
    return found


def pack_id(path):
    """Return the name of a pack that is in its place or in the trash; None for another file."""
    return pack_at("/".join(Path(path).parts[-3:]))


def packed(path):
    """Return the blobs in a pack by oid, all of them whole."""
    return _packed(pack_id(path), digest(path), path)


@functools.cache
def _packed(name, _digest, path):
    with PackFile(path, name) as pack:
        entries = pack.entries()
        assert not [str(damage) for _, damage in pack.find_damage(entries)]
        return {oid_of(entry): pack.content(entry, BLAKE3) for entry in entries}


def check_kept(had, folder):
    """I1."""
    lost = had - data_of(folder)
    assert not lost, f"{len(lost)} contents are lost"


def check_names(folder):
    """I2."""
    for path in files(folder):
        parts = Path(path).parts
        if pack_id(path):
            packed(path)
        if "files" in parts and "blake3" in parts and "damaged" not in parts:
            name = "".join(parts[-2:]).removesuffix(".dir")
            assert digest(path) == name, f"{path} holds something else, {os.stat(path).st_size} B"
        if "files" in parts and "md5" in parts and "damaged" not in parts:
            name = "".join(parts[-2:]).removesuffix(".dir")
            assert md5(Path(path).read_bytes()).hexdigest() == name, f"{path} holds something else"


def content(root, oid, format=FORMAT):
    """Return the bytes of a blob below a cache or remote, or None."""
    for place in (root, *Path(root).glob("trash/*")):
        path = Path(place) / format.loose_key(oid)
        if path.exists():
            return path.read_bytes()
        for pack in Path(place).glob("packs/*/*"):
            if oid in packed(pack):
                return packed(pack)[oid]
    return None


def outputs(repo):
    """Return what the pointers of a repository name."""
    found = []
    for path in files(repo):
        if path.endswith(".dvc"):
            name = os.path.relpath(path, repo)
            found += parse(name, Path(path).read_bytes(), BOTH).outputs
    return found


def missing(root, oid, format=FORMAT):
    """Return which blobs of an output a cache or remote lacks."""
    data = content(root, oid, format)
    if data is None:
        return [oid]
    if not oid.endswith(".dir"):
        return []
    return [inner for inner in entries(oid, data, format) if content(root, inner, format) is None]


def lacking(root, oid):
    """Return what `missing` does, of an output by what its pointer names it here."""
    if is_foreign(oid, BOTH):
        return missing(root, oid[len(BOTH.other_mark) :], DVC)
    return missing(root, oid)


def check_pointers(repo, cache=None):
    """I3, for a repository whose data was all saved."""
    for output in outputs(repo):
        if output.oid is not None:
            if is_foreign(output.oid, BOTH):
                lacks = lacking(repo / ".dvc/cache", output.oid)
            else:
                lacks = missing(cache or repo / ".dvclite/cache", output.oid)
            assert not lacks, f"the pointer of {output.path} names {lacks}, which is not there"


def check_trees(remote):
    """I3, for a remote: who finds a tree need not look for what it names."""
    for name, format in (("blake3", FORMAT), ("md5", DVC)):
        for path in Path(remote).glob(f"files/{name}/*/*.dir"):
            lacks = missing(remote, path.parent.name + path.name, format)
            assert not lacks, f"the tree {path} is there, and {lacks} are not"


def check_outside(folder, before):
    """I6."""
    assert outside(folder) == before, "something outside was touched"


def outside(folder):
    place = folder / "outside"
    return {
        name: (os.lstat(place / name).st_mtime_ns, (place / name).read_bytes())
        for name in os.listdir(place)
    }


KNOWN = re.compile(r"(^|/)tmp/remotes/[0-9a-f]{32}/(ends|recipes)/[0-9a-f]{64}$")
"""What is known of remotes, and can be asked for again."""


def partials(folder):
    """Return the large blobs that another attempt goes on with."""
    return [path for path in Path(folder).rglob("tmp/partial/*/*") if path.name != "lock"]


def leftovers(folder):
    """Return what is on its way, or was, and that nobody goes on with."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            inside = os.path.relpath(os.path.join(place, name), folder)
            if KNOWN.search(inside) or "partial" in Path(inside).parts:
                continue
            if name.startswith(PARTIAL_PREFIX):
                found.append(inside)
            elif "tmp" in Path(inside).parts or ".dvclite-tmp" in Path(inside).parts:
                if name not in ("lock", "checkout.lock", "stat.db", *DERIVED, "if-absent.lock"):
                    found.append(inside)
            elif "leases" in Path(inside).parts:
                found.append(inside)
    return found


def check_leftovers(folder, most):
    """I7."""
    found = leftovers(folder)
    assert len(found) <= most, f"{len(found)} leftovers: {found[:5]}"
