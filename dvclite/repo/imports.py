"""Imported data: brought into the cache from where it comes from, and told of by its pointer."""

from collections.abc import Sequence
from dataclasses import replace

from dvclite.cache.writer import Writer
from dvclite.errors import Hint, OriginError
from dvclite.files.locks import hold
from dvclite.files.staging import make_folder
from dvclite.hashing import BlobRef, Oid, algorithm_of, hash_bytes
from dvclite.pointer import Output, Pointer
from dvclite.pointer.origin import FACTS, Origin
from dvclite.pointer.writing import imported
from dvclite.repo.chain import Chain, source_of
from dvclite.repo.downloads import Way, download
from dvclite.repo.ignorefile import ignore
from dvclite.repo.pointers import owned, read_pointer, write_pointer
from dvclite.repo.project import Project
from dvclite.repo.sources import Source
from dvclite.transfer.moved import Moved
from dvclite.tree import Entry


def bring(way: Way, output: Output) -> tuple[Output, Moved]:
    """Bring the data of an import into the cache from where it comes from.

    Args:
        way: How.
        output: What the pointer says. If it has an oid, and not the newest version is meant, what
            arrives has to be that.

    Returns:
        What is to be said of it now, and what moved.

    Raises:
        OriginError: It is not to be had from there.
        BlobMissingError, TransferError, RemoteError: A remote there does not give all of it.
    """
    assert output.origin is not None, "what was made here is brought from nowhere"
    source = source_of(way, output) if output.origin.home is not None else None
    project, own = _side(way, output, source)
    if project is way.project:
        found, moved = _bring(way, own, source)
    else:
        project.register()
        with project.exclusive(), project.cache.lease() as lease:
            found, moved = _bring(replace(way, project=project, lease=lease), own, source)
        assert found.oid is not None, "what was brought has a name"
        found = replace(found, oid=Oid(way.project.format.algorithm.other_mark + found.oid))
    if not way.newest and output.oid is not None and found.oid != output.oid:
        raise OriginError(
            _place(output.origin),
            f"it holds something else than was imported as {output.path}",
            hint=Hint("`dvclite update {}` takes over what is there now", output.path),
        )
    return found, moved


def _side(way: Way, output: Output, source: Source | None) -> tuple[Project, Output]:
    """Return the repository, as it is or as it was, in whose format an import is to be brought.

    That is the one that names it so far, if that very version is meant; else the one that names
    things as they are named where they come from.
    """
    project = way.project
    owner, own = owned(project, output)
    if project.former is None or (output.oid is not None and not way.newest):
        return owner, own
    if source is None:
        return project, own
    assert output.origin is not None
    names = source.algorithms(output.origin.path)
    sides = [side for side in (project, project.former) if side.format.algorithm.name in names]
    return (sides[0] if sides else owner), own


def _bring(way: Way, output: Output, source: Source | None) -> tuple[Output, Moved]:
    if source is None:
        return _bring_download(way, output)
    return _bring_from_repo(way, output, source)


def newest_commit(way: Way, output: Output) -> str:
    """Return the commit that data would be brought from.

    Raises:
        OriginError: It cannot be known.
    """
    return source_of(way, output).commit


def write_import(project: Project, pointer: Pointer, found: Output) -> list[str]:
    """Write what is known of an import into its pointer.

    Args:
        project: The repository.
        pointer: The pointer, as it was read.
        found: What it is to say of its output.

    Returns:
        The files that changed, `.gitignore` among them.

    Raises:
        OriginError: The pointer names another output by now.
    """
    make_folder(project.temporary)
    with hold(project.lock):
        current = read_pointer(project, pointer.path)
        if [output.path for output in current.outputs] != [found.path]:
            raise OriginError(
                pointer.path,
                "somebody else has changed it meanwhile",
                hint="run the same command again",
            )
        written = imported(current, found, project.format.algorithm)
        changed = []
        if written.text != current.text:
            write_pointer(project, written)
            changed.append(written.path)
        if project.uses_git and found.cached:
            changed += ignore(project, [found.path])
    return changed


def _place(origin: Origin) -> str:
    return origin.home.url if origin.home is not None else origin.path


def _bring_download(way: Way, output: Output) -> tuple[Output, Moved]:
    with way.project.cache.writer(way.lease) as writer:
        got = download(way, writer, output)
        found = _holding(way, writer, output, got.entries, is_directory=got.is_directory)
    assert found.origin is not None
    size = sum(entry.size for entry in got.entries)
    origin = replace(found.origin, facts=got.facts or _facts_of(way, found))
    return replace(found, origin=origin), Moved(files=len(got.entries), size=size)


def _facts_of(way: Way, output: Output) -> tuple[tuple[str, str], ...]:
    """Return what DVC remembers of data that it could hash where it was."""
    facts = [("size", str(output.size))]
    algorithm = way.project.format.algorithm.name
    if algorithm in FACTS:
        facts.insert(0, (algorithm, str(output.oid)))
    if output.files is not None:
        facts.append(("nfiles", str(output.files)))
    return tuple(facts)


def _bring_from_repo(way: Way, output: Output, source: Source) -> tuple[Output, Moved]:
    origin = output.origin
    assert origin is not None
    assert origin.home is not None
    chain = Chain(way, bring)
    entries, is_directory = chain.entries(source, origin.path, ())
    with way.project.cache.writer(way.lease) as writer:
        entries = [_renamed(way, writer, entry) for entry in entries]
        found = _holding(way, writer, output, entries, is_directory=is_directory)
    home = replace(origin.home, commit=source.commit)
    return replace(found, origin=replace(origin, home=home)), chain.moved


def _holding(
    way: Way, writer: Writer, output: Output, entries: Sequence[Entry], *, is_directory: bool
) -> Output:
    """Return what is to be said of an output, now that what it holds is in the cache."""
    if not is_directory:
        (entry,) = entries
        return replace(output, oid=entry.oid, size=entry.size, files=None)
    tree = way.project.format.make_tree(sorted(entries))
    writer.save_tree(tree)
    return replace(output, oid=tree.oid, size=tree.size, files=tree.files, executable=False)


def _renamed(way: Way, writer: Writer, entry: Entry) -> Entry:
    """Return an entry whose content is named as is done today; old names stay with old data."""
    algorithm = way.project.format.algorithm
    if algorithm_of(entry.oid, algorithm) is algorithm:
        return entry
    data = way.project.cache.read(entry.oid)
    oid = hash_bytes(data, algorithm)
    writer.take(BlobRef(oid, len(data)), data, str(way.project.cache.root))
    return entry._replace(oid=oid)
