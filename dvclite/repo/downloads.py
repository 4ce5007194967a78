"""Data at an address or a path by itself, brought into the cache."""

import os
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname

from dvclite.cache.leases import Lease
from dvclite.cache.writer import Writer
from dvclite.errors import Hint, OriginError
from dvclite.files import changes
from dvclite.files.folder import Folder
from dvclite.hashing import BlobRef, Oid, hash_stream
from dvclite.pointer import Output
from dvclite.pointer.origin import Origin
from dvclite.progress import Progress
from dvclite.remote import VersionedRemote
from dvclite.remotestore.opening import open_remote, scheme_of
from dvclite.repo.project import Project
from dvclite.repo.web import get
from dvclite.tree import Entry

_CLOUDS = ("s3", "gs")
_WEB = ("http", "https")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Way:
    """How imported data is brought here.

    Attributes:
        project: The repository that imports it.
        lease: Held until what was brought is used.
        progress: Is told of files and bytes.
        jobs: How many transfers to run at once; None for the default.
        newest: Whether the newest version is meant, and not the one that was imported.
        asked_for: Whether the user named the import: only then is anything on this machine read
            that a pointer names and whose content it does not know.
        base: What paths on this machine are relative to; None where none may be named.
    """

    project: Project
    lease: Lease
    progress: Progress
    jobs: int | None
    newest: bool
    asked_for: bool
    base: Path | None


@dataclass(frozen=True, slots=True)
class Got:
    """What was brought.

    Attributes:
        entries: The files, by their paths below what was named.
        is_directory: Whether that is a directory.
        facts: What is to be remembered of the address; nothing where hash and size are.
    """

    entries: list[Entry]
    is_directory: bool
    facts: tuple[tuple[str, str], ...] = ()


def download(way: Way, writer: Writer, output: Output) -> Got:
    """Bring what is at the address that an output was imported from.

    Args:
        way: How.
        writer: Takes it into the cache.
        output: The output.

    Raises:
        OriginError: It is not to be had.
        RemoteError: The cloud that it is in did not answer.
    """
    origin = output.origin
    assert origin is not None
    url, options = _resolved(way.project, origin)
    scheme = scheme_of(url)
    if scheme in _WEB:
        return _from_web(way, writer, url, options)
    if scheme in _CLOUDS:
        return _from_cloud(way, writer, url, options, _version(way, origin))
    if scheme != "file":
        raise OriginError(
            url,
            f"dvclite does not bring data from {scheme}://",
            hint=Hint("`dvc update {}` or `dvc pull` may", f"{output.path}.dvc"),
        )
    return _from_here(way, writer, output, url)


def _resolved(project: Project, origin: Origin) -> tuple[str, dict[str, str]]:
    """Return an address, without the name of a remote in it, and how to reach it."""
    if not origin.path.startswith("remote://"):
        return origin.path, {}
    name, _, below = origin.path.removeprefix("remote://").partition("/")
    settings = project.config.remote(name)
    return f"{settings.url.rstrip('/')}/{below}", dict(settings.options)


def _from_web(way: Way, writer: Writer, url: str, options: dict[str, str]) -> Got:
    partial = writer.new_path()
    hasher = way.project.format.algorithm.new()
    way.progress.start("Fetching", files=1)
    fd = changes.create(partial)
    try:
        answer = get(url, options)
        with answer.body as body:
            size = 0
            while data := body.read(_PIECE):
                changes.write(fd, data)
                hasher.update(data)
                size += len(data)
                way.progress.advance(size=len(data))
            answer.check(size)
    finally:
        changes.close(fd)
        way.progress.finish()
    ref = BlobRef(Oid(hasher.hexdigest()), size)
    writer.adopt(partial, ref, url)
    return _file(ref, ("checksum", answer.checksum(size)))


def _file(ref: BlobRef, fact: tuple[str, str], *, version: str = "") -> Got:
    facts = [fact, ("size", str(ref.size))]
    facts += [("version_id", version)] if version else []
    return Got([Entry("", ref.oid, ref.size)], is_directory=False, facts=tuple(facts))


def _version(way: Way, origin: Origin) -> str:
    """Return which version of a file in a cloud is meant; empty for the newest."""
    return "" if way.newest else dict(origin.facts).get("version_id", "")


def _from_cloud(way: Way, writer: Writer, url: str, options: dict[str, str], version: str) -> Got:
    above, _, name = url.rstrip("/").rpartition("/")
    remote = open_remote(above, options)
    try:
        if not isinstance(remote, VersionedRemote):
            raise OriginError(
                url,
                "dvclite cannot ask for single files there",
                hint="fetch it by other means, and `dvclite add` it",
            )
        found = remote.stat_version(name, version)
        if found is not None:
            ref = _cloud_file(way, writer, remote, name, version)
            tag = b64decode(found.tag).hex() if url.startswith("gs:") else found.tag
            return _file(ref, ("etag", tag), version=found.id)
        keys = sorted(key for key, _size in remote.list(name + "/"))
        if not keys:
            raise OriginError(
                url,
                "nothing is there",
                hint="if it was moved, correct the path in the pointer",
            )
        entries = []
        for key in keys:
            ref = _cloud_file(way, writer, remote, key, "")
            entries.append(Entry(key[len(name) + 1 :], ref.oid, ref.size))
    finally:
        remote.close()
    return Got(entries, is_directory=True)


def _cloud_file(
    way: Way, writer: Writer, remote: VersionedRemote, key: str, version: str
) -> BlobRef:
    partial = Path(writer.new_path())
    remote.get_version(key, version, partial, moved=lambda _count: None)
    with open(partial, "rb") as stream:
        ref = hash_stream(stream, way.project.format.algorithm)
    writer.adopt(str(partial), ref, remote.url)
    return ref


def _from_here(way: Way, writer: Writer, output: Output, path: str) -> Got:
    """Bring a file or a folder of this machine."""
    if way.base is None:
        raise OriginError(
            path,
            "a repository elsewhere names data on this machine",
            hint="if it is to be trusted, clone it here, and import from the clone",
        )
    top = os.path.join(way.base, dirname(output.path), path)
    inside = Path(os.path.realpath(top)).is_relative_to(way.project.root)
    if not (inside or way.asked_for or output.oid is not None):
        raise OriginError(
            path,
            f"it is outside of the repository, and {output.path} was imported without its data",
            hint=Hint("if it may be read, say so: `dvclite update {}`", output.path),
        )
    entries = []
    for name, inner in _files(top):
        folder, _, last = name.rpartition(os.sep)
        with Folder.open(folder) as holder:
            try:
                saved = writer.save(holder, last, os.lstat(name))
            except OSError as error:
                raise OriginError(
                    name, error.strerror or str(error), hint="see that you may read it"
                ) from error
        entries.append(Entry(inner, saved.ref.oid, saved.ref.size))
    is_directory = os.path.isdir(top)
    if not entries and not is_directory:
        raise OriginError(path, "nothing is there", hint="it may be on another machine")
    return Got(sorted(entries), is_directory)


def _files(top: str) -> Iterator[tuple[str, str]]:
    """Yield the regular files at and below a path, with their paths below it."""
    real = os.path.realpath(top)
    if os.path.isfile(real):
        yield real, ""
        return
    for folder, _folders, names in os.walk(real):
        for name in names:
            whole = os.path.join(folder, name)
            target = os.path.realpath(whole)
            if os.path.isfile(target):
                yield target, os.path.relpath(whole, real).replace(os.sep, "/")
