"""Whatever is added, forgotten and collected: what somebody needs stays, the rest goes."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dvclite.cache.cache import Cache
from dvclite.cache.layout import Kind
from dvclite.files.folder import Folder
from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, BlobRef, Oid, hash_bytes
from dvclite.maintenance.collect import Needed, collect

CONTENTS = [b"content %d" % number * (number + 1) for number in range(12)]
OIDS = {Oid(hash_bytes(data, BLAKE3)): data for data in CONTENTS}
SOME = st.sets(st.sampled_from(sorted(OIDS)), min_size=1)


class PackedCache(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.place = Path(tempfile.mkdtemp())
        self.files = self.place / "files"
        self.files.mkdir()
        self.needed = set()
        self.gone = set(OIDS)
        self.cache = self.opened()

    def opened(self, **how):
        return Cache(self.place / "cache", native(BLAKE3), self.place / "packs.db", **how)

    @rule(oids=SOME, largest=st.sampled_from([0, 40, 1 << 20]))
    def add(self, oids, largest):
        cache = self.opened(largest_packed=largest)
        with (
            Folder.open(self.files) as folder,
            cache.lease() as lease,
            cache.writer(lease) as writer,
        ):
            for oid in sorted(oids):
                path = self.files / oid
                path.write_bytes(OIDS[oid])
                assert writer.save(folder, oid, os.stat(path)).ref.oid == oid
        self.needed |= oids
        self.gone -= oids

    @rule(oids=SOME)
    def keep(self, oids):
        with self.cache.lease() as lease, self.cache.writer(lease) as writer:
            missing = {ref.oid for ref in writer.keep([BlobRef(oid, -1) for oid in oids])}
        assert missing <= self.gone
        self.needed |= oids - missing

    @rule(oids=SOME)
    def forget(self, oids):
        self.needed -= oids

    @rule(now=st.booleans())
    def collect(self, now):
        collect(
            self.opened(),
            lambda: Needed(frozenset(self.needed), lambda _refs: set()),
            days=1,
            now=now,
        )
        if now:
            # Garbage stays in a pack only beside what is needed, and all of it is cheap to move.
            self.gone = set(OIDS) - self.needed
            assert self.opened().absent(OIDS) == self.gone

    @rule()
    def lose_the_database(self):
        (self.place / "packs.db").unlink(missing_ok=True)

    @precondition(lambda self: (self.place / "packs.db").exists())
    @rule()
    def take_an_old_database(self):
        old = self.place / "old.db"
        if old.exists():
            shutil.copy(old, self.place / "packs.db")
        else:
            shutil.copy(self.place / "packs.db", old)

    @rule()
    def begin_anew(self):
        self.cache = self.opened()

    @rule(oid=st.sampled_from(sorted(OIDS)))
    def check_out(self, oid):
        if oid not in self.needed:
            return
        target = self.place / "out"
        self.cache.lay_out(BlobRef(oid, len(OIDS[oid])), str(target), (Kind.COPY,), 0o666)
        assert target.read_bytes() == OIDS[oid]
        target.unlink()

    @invariant()
    def all_that_is_needed_is_there(self):
        assert self.cache.absent(self.needed) == set()
        assert all(self.cache.read(oid) == OIDS[oid] for oid in self.needed)

    @invariant()
    def nothing_is_left_half_written(self):
        left = [path for path in (self.place / "cache/tmp").rglob("*") if path.is_file()]
        assert left == []
        assert not list((self.place / "cache/leases").glob("*"))

    def teardown(self):
        self.cache.packed.close()
        shutil.rmtree(self.place)


TestPackedCache = PackedCache.TestCase
TestPackedCache.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, phases=set(Phase) - {Phase.shrink}
)
