"""Bringing packs to a remote: what holds data first, then the recipes that name it."""

import threading
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

from dvclite.compression import Judge
from dvclite.errors import DvcliteError, RecipeError
from dvclite.files.copying import OnBytes
from dvclite.formats.format import Format
from dvclite.pack.layout import LARGEST_RECIPE, key_of
from dvclite.progress import SILENT, Progress, begin_transfer
from dvclite.recipe import encode
from dvclite.remote import Given, Remote
from dvclite.remotestore.engine import Failure, Outcome, run
from dvclite.remotestore.named import Named
from dvclite.remotestore.packed import Packed
from dvclite.remotestore.packs.cuts import Cut
from dvclite.remotestore.packs.draft import Draft
from dvclite.remotestore.packs.gauge import Gauge
from dvclite.remotestore.packs.knowledge import Knowledge
from dvclite.remotestore.packs.packing import Packing
from dvclite.remotestore.store import Source

_MOST_AT_ONCE = 8
"""How many packs are on their way at most: each takes its size on the local disk."""

_RECIPES_TARGET = 4 << 20
"""How large a pack of recipes is made: clients read them as a whole."""

_Settle = Callable[[Draft, DvcliteError | OSError | None], object]


class Sending:
    """One push."""

    def __init__(
        self,
        remote: Remote,
        knowledge: Knowledge,
        format: Format,
        new_path: Callable[[], str],
        jobs: int,
    ) -> None:
        """Prepare to bring blobs to `remote` with up to `jobs` packs at once."""
        self._remote = remote
        self._knowledge = knowledge
        self._format = format
        self._new_path = new_path
        self._jobs = min(jobs, _MOST_AT_ONCE)
        self._outcome: Outcome[Named] = Outcome()
        self._packs = self._sent = 0
        self._progress: Progress = SILENT
        self._is_over = False
        self._counting = threading.Lock()

    def push(self, blobs: Iterable[Named], source: Source, progress: Progress) -> Outcome[Named]:
        """Do what `RemoteStore.push` says.

        Raises:
            StagingError: There is no room for packs.
        """
        self._progress = progress
        packing = Packing(
            self._knowledge,
            source,
            self._format,
            self._new_draft,
            self._advance,
            begin=lambda blob: begin_transfer(progress, blob.path, blob.ref.size),
        )
        try:
            self._send(packing.packs(blobs), packing.settle)
            self._outcome.failures += packing.failures
            self._outcome.failures += [
                Failure(cut.blob, cut.error) for cut in packing.cuts if cut.error is not None
            ]
            if not self._outcome.stopped:
                arrived = [cut for cut in packing.cuts if cut.is_complete and cut.error is None]
                self._send(self._recipe_packs(arrived), self._settle_recipes)
        except BaseException:
            # A thread may still be at it: nothing is closed under its hands.
            self._is_over = True
            raise
        finally:
            for cut in packing.cuts:
                cut.transfer.finish()
        packing.discard()
        self._outcome.packed = Packed(
            self._outcome.size, self._sent, self._packs, packing.reused, packing.reused_size
        )
        return self._outcome

    def _new_draft(self) -> Draft:
        return Draft.new(self._new_path, self._format.algorithm)

    def _advance(self, size: int) -> None:
        if self._is_over:
            raise KeyboardInterrupt
        self._progress.advance(size=size)

    def _send(self, drafts: Generator[Draft, None, None], settle: _Settle) -> None:
        def send(draft: Draft, moved: OnBytes) -> None:
            try:
                self._put(draft, moved)
                settle(draft, None)
                self._count(draft)
            except (DvcliteError, OSError) as error:
                settle(draft, error)
                raise
            finally:
                draft.discard()

        sent = run(drafts, send, self._jobs)
        drafts.close()  # Where the work was stopped within a large blob, that is still open.
        self._outcome.stopped = sent.stopped
        self._packs += sent.done
        self._sent += sent.size
        for draft, error in sent.failures:
            self._outcome.failures += [Failure(blob, error) for blob in draft.blobs()]

    def _count(self, draft: Draft) -> None:
        with self._counting:
            self._outcome.done += draft.count
            self._outcome.size += draft.blobs_size
        self._progress.advance(files=draft.count)

    def _put(self, draft: Draft, moved: OnBytes) -> None:
        pack = draft.pack
        assert pack is not None, "a pack is sent when it is complete"
        gauge = Gauge(self._progress, draft.content, pack.size, draft.shares)

        def count(size: int) -> None:
            moved(size)
            gauge.move(size)

        try:
            self._remote.put(key_of(pack.id), Given(pack.path), moved=count)
        except (DvcliteError, OSError):
            gauge.take_back()
            raise
        gauge.finish()

    def _settle_recipes(self, draft: Draft, error: DvcliteError | OSError | None) -> None:
        if error is None and draft.pack is not None:
            self._knowledge.add_recipes(draft.pack.id, Path(draft.pack.path).read_bytes())
            self._knowledge.learn(draft.pack)

    def _recipe_packs(self, cuts: Iterable[Cut]) -> Generator[Draft, None, None]:
        """Yield packs of the recipes of blobs whose chunks have all arrived."""
        judge = Judge()
        draft: Draft | None = None
        for cut in cuts:
            recipe = encode(cut.recipe())
            if len(recipe) > LARGEST_RECIPE:
                reason = f"{len(recipe):,} bytes are more than one may have"
                self._outcome.failures.append(Failure(cut.blob, RecipeError(reason)))
                continue
            if draft is None:
                draft = self._new_draft()
            draft.add_recipe(cut.blob, cut.size, recipe, judge)
            if draft.writer.size >= _RECIPES_TARGET:
                draft.finish()
                yield draft
                draft = None
        if draft is not None:
            draft.finish()
            yield draft
