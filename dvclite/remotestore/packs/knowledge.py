"""What is in the packs on a remote."""

import threading
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from dvclite.errors import DvcliteError
from dvclite.files.staging import make_folder
from dvclite.formats.format import Format
from dvclite.pack.catalogue import is_catalogue
from dvclite.pack.index import Entries
from dvclite.pack.layout import PREFIX, Kind, key_of, pack_at
from dvclite.pack.writer import Pack
from dvclite.packindex import Location, PackIndex
from dvclite.remote import Remote
from dvclite.remotestore.packed import Extent
from dvclite.remotestore.packs.bodies import Bodies
from dvclite.remotestore.packs.catalogues import Catalogues
from dvclite.remotestore.packs.ends import Ends

_MOST_NAMED = 3
_WORTH_A_CATALOGUE = 8
RECIPES = (Kind.BLOB_RECIPE, Kind.TREE_RECIPE)
"""The kinds of entries that are recipes."""


class Knowledge:
    """Which packs a remote has and what is in them: listed once, and read where not known yet.

    What was learned on earlier occasions is kept in a folder. All of it is derived, so that the
    folder may be damaged or gone. Nothing is written before `save`. Safe from many threads.

    Attributes:
        bodies: Small packs that are at hand as a whole.
        packs: The packs that can be used, with their sizes.
        damaged: What is wrong with others, and with entries of these.
        recipe_packs: The packs that have recipes in them.
        index_path: Where it is remembered which pack holds what.
    """

    def __init__(self, remote: Remote, format: Format, folder: Path, jobs: int) -> None:
        """Know what is written down in `folder`; use up to `jobs` requests at once."""
        self.bodies = Bodies(folder / "recipes")
        self.packs: dict[str, int] = {}
        self.damaged: dict[str, DvcliteError] = {}
        self.index_path = str(folder / "packs.db")
        self._remote = remote
        self._folder = folder
        self._ends = Ends(remote, folder / "ends", format.algorithm, jobs, self.bodies)
        self._catalogues = Catalogues(remote, jobs)
        self._unlisted: set[str] = set()
        self._index = PackIndex(folder / "packs.db", self._read)
        self.recipe_packs: set[str] = set()
        self._lock = threading.RLock()
        self._is_fresh = False
        self._has_news = False

    def copy_index_from(self, path: str) -> None:
        """Learn of packs from the index of a cache that they come from, where that is quicker."""
        with self._lock:
            self._index.copy_from(path)

    @property
    def place(self) -> str:
        """Where something was looked for in vain, for messages."""
        if not self.damaged:
            return self._remote.url
        named = ", ".join(islice(self.damaged, _MOST_NAMED))
        more = " and others" if len(self.damaged) > _MOST_NAMED else ""
        return f"{self._remote.url} (damaged there: pack {named}{more})"

    def distrust(self) -> None:
        """Forget what is remembered: all that is said from now on comes from the remote itself."""
        with self._lock:
            self._index.distrust()
            self._ends.distrust()
            self._catalogues.distrust()
            self.bodies.distrust()
            self.recipe_packs.clear()
            self._is_fresh = False

    def remembers_wrong(self) -> bool:
        """Say whether what is remembered of packs is not what they say themselves.

        To be asked after `distrust` and `refresh`. It is thrown away with the next `save` then.
        """
        with self._lock:
            return self._index.is_contradicted()

    def remembered(self, pack: str) -> Entries | None:
        """Return what was in a pack that cannot be read any more, if a copy of its end was kept."""
        return self._ends.remembered(pack)

    def forget(self, pack: str) -> None:
        """Take note that a pack is about to leave the remote."""
        with self._lock:
            self.packs.pop(pack, None)
            self.damaged.pop(pack, None)
            self.recipe_packs.discard(pack)
            self._unlisted.discard(pack)
            self._index.drop(pack)
            self._has_news = True

    def refresh(self) -> None:
        """Find out what the remote has, once. To be called before all else, by one thread.

        Raises:
            RemoteError: It did not answer.
        """
        if self._is_fresh:
            return
        packs: dict[str, int] = {}
        catalogues: dict[str, int] = {}
        for key, size in self._remote.list(PREFIX):
            if (pack := pack_at(key)) is not None:
                packs[pack] = size
            elif is_catalogue(key):
                catalogues[key] = size
        with self._lock:
            unknown = {pack: packs[pack] for pack in self._index.sync(packs)}
            self.packs = packs

        def take(pack: str, entries: Entries) -> None:
            with self._lock:
                self._learn(pack, packs[pack], entries)

        unknown = self._catalogues.read(catalogues, unknown, take)
        self.damaged = self._ends.read_all(unknown, take)
        self._unlisted |= unknown.keys() - self.damaged.keys()
        for pack in self.damaged:
            del packs[pack]
        self._is_fresh = True

    def learn(self, pack: Pack) -> None:
        """Take note of a pack that has arrived on the remote."""
        with self._lock:
            self.packs[pack.id] = pack.size
            self.damaged.pop(pack.id, None)
            self._unlisted.add(pack.id)
            self._learn(pack.id, pack.size, pack.entries)

    def add_recipes(self, pack: str, data: bytes) -> None:
        """Take in the whole of a pack that has recipes in it, to have them at hand later."""
        self.bodies.add(pack, data)
        with self._lock:
            self.recipe_packs.add(pack)
            self._has_news = True

    def publish(self, new_path: Callable[[], str]) -> None:
        """Spare others the ends of packs that had to be read one by one, where these are many.

        Nothing rests on that: a remote that refuses it, or a disk that is full, makes no error.

        Args:
            new_path: Returns a path for a new file.
        """
        with self._lock:
            packs = sorted(self._unlisted & self.packs.keys())
            if len(packs) < _WORTH_A_CATALOGUE:
                return
            self._unlisted.clear()
        listed = ((pack, self.packs[pack], self.entries(pack)) for pack in packs)
        self._catalogues.write(listed, new_path)

    def extent(self) -> Extent:
        """Return how much there is."""
        content = 0
        for pack in self.packs:
            content += sum(entry.size for entry in self.entries(pack) or ())
        return Extent(len(self.packs), sum(self.packs.values()), content)

    def present(self, kind: Kind, digests: Iterable[bytes]) -> set[bytes]:
        """Return which of some digests there are entries for."""
        with self._lock:
            return self._index.present(kind, digests)

    def find(self, kind: Kind, digests: Iterable[bytes]) -> list[Location]:
        """Return where entries of some digests are: in every pack that has one."""
        with self._lock:
            return list(self._index.find(kind, digests))

    def entries(self, pack: str) -> Entries | None:
        """Return what is in a pack; None where there is no such pack that can be read."""
        with self._lock:
            return self._index.entries(pack) if pack in self.packs else None

    def read(self, pack: str, begin: int, end: int) -> bytes:
        """Return bytes of a pack, from the remote unless they are at hand; unverified.

        Raises:
            KeyMissingError: There is no such pack any more.
            RemoteError: The remote did not answer.
        """
        data = self.bodies.get(pack, self.packs[pack])
        if data is not None:
            return data[begin:end]
        return self._remote.read(key_of(pack), begin, end - begin)

    def where(self, pack: str) -> str:
        """Return the address of a pack, for messages."""
        return f"{self._remote.url.rstrip('/')}/{key_of(pack)}"

    def save(self) -> None:
        """Write down what was learned, where that is possible.

        What cannot be written has to be read from the remote again another time.
        """
        with self._lock:
            if not self._has_news:
                return
            self._has_news = False
            try:
                make_folder(self._folder)
                self._ends.save(self.packs, self._index.entries)
                self.bodies.save(self.packs, self.recipe_packs)
            except OSError:
                return
            self._index.save()

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._index.close()

    def _learn(self, pack: str, size: int, entries: Entries) -> None:
        self._index.learn(pack, size, entries)
        if not entries.kinds.isdisjoint(RECIPES):
            self.recipe_packs.add(pack)
        self._has_news = True

    def _read(self, pack: str) -> Entries:
        return self._ends.read(pack, self.packs[pack])
