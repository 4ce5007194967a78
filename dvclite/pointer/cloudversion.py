"""Where DVC has put the versions of files on a remote that keeps all of them by itself.

    outs:
    - hash: md5
      path: d
      files:
      - relpath: f1
        md5: b026…81d1
        size: 2
        cloud:
          store:
            etag: b026…81d1
            version_id: 11991b38-…

A file lies under its own path there. A directory is spelled out in its pointer, in place of a tree.
"""

from typing import NamedTuple

from dvclite.hashing import Algorithm, Oid, is_oid
from dvclite.yamltext import Mapping, Sequence, YamlError


class CloudVersion(NamedTuple):
    """A version of a file.

    Attributes:
        path: Relative to the output; empty for the output itself.
        oid: Its content.
        size: In bytes; -1 where it is not recorded.
        remote: The remote's name; empty if it was never pushed.
        id: What the remote calls the version; empty if that is not known.
    """

    path: str
    oid: Oid
    size: int
    remote: str
    id: str


def versions_of(item: Mapping, algorithm: Algorithm) -> tuple[CloudVersion, ...]:
    """Return the versions of an output, or of the files in it, that its pointer tells of.

    None of them where a file has no hash: nobody could verify it.

    Args:
        item: What the pointer says of the output.
        algorithm: What the repository's oids are made with.

    Raises:
        YamlError: It makes no sense, or says something that is not understood here.
    """
    files = item.items.get("files")
    if files is None:
        return (
            (_version(item, "", algorithm),)
            if "cloud" in item.items and item.text(algorithm.name)
            else ()
        )
    if not isinstance(files, Sequence):
        raise YamlError("`files` is not a list")
    found = []
    for file in files.items:
        path = file.text("relpath") if isinstance(file, Mapping) else None
        if not isinstance(file, Mapping) or not path:
            raise YamlError("one of its files has no path")
        found.append(_version(file, path, algorithm))
    return tuple(sorted(found)) if all(version.oid for version in found) else ()


def _version(item: Mapping, path: str, algorithm: Algorithm) -> CloudVersion:
    oid = item.text(algorithm.name) or ""
    if oid and (not is_oid(oid, algorithm) or oid.endswith(".dir")):
        raise YamlError(f"{oid[:80]!r} is not a {algorithm.name} hash of a file")
    size = item.text("size") or ""
    cloud = item.items.get("cloud")
    remote = ids = None
    if isinstance(cloud, Mapping) and cloud.items:
        remote, ids = next(iter(cloud.items.items()))
    return CloudVersion(
        path,
        Oid(oid),
        int(size) if size.isascii() and size.isdigit() and len(size) <= 18 else -1,
        remote or "",
        (ids.text("version_id") if isinstance(ids, Mapping) else None) or "",
    )
