"""The tests of the contract fail for remotes that break it."""

import inspect
import itertools
import threading
import time

import pytest

from dvclite.errors import KeyExistsError, KeyMissingError
from dvclite.remote import RemoteEntry
from dvclite.remote.requests import Requests
from dvclite.testing.conformance import RemoteConformance
from dvclite.testing.memory import MemoryRemote

MIB = 1 << 20


class AddsAByte(MemoryRemote):
    def get(self, key, target, **options):
        super().get(key, target, **options)
        target.write_bytes(target.read_bytes() + b"x")


class ForgetsProgress(MemoryRemote):
    def get(self, key, target, *, moved=None):
        super().get(key, target)


class KeepsTheFirst(MemoryRemote):
    def put(self, key, source, **options):
        if self.stat(key) is None:
            super().put(key, source, **options)


class ReadsNothingBeforeTheBeginning(MemoryRemote):
    def read(self, key, offset, length):
        return b"" if offset < -self.stat(key) else super().read(key, offset, length)


class TakesAbsentForEmpty(MemoryRemote):
    def stat(self, key):
        return super().stat(key) or 0


class LetsForeignErrorsOut(MemoryRemote):
    def read(self, key, offset, length):
        return self._held[key][offset:][:length]


class OverwritesInPlace(MemoryRemote):
    def get(self, key, target, **options):
        with target.open("r+b") as file:
            file.write(self._held[key])


class ListsFolders(MemoryRemote):
    def list(self, prefix):
        folder = prefix.rstrip("/") + "/" if prefix else ""
        return (entry for entry in super().list("") if entry.key.startswith(folder))


class ListsOnePage(MemoryRemote):
    def list(self, prefix):
        for count, entry in enumerate(super().list(prefix)):
            if count < 1000:
                yield entry


class ListsEagerly(MemoryRemote):
    def list(self, prefix):
        return [*super().list(prefix)]


class MissesWhatItDeletes(MemoryRemote):
    def delete(self, keys):
        for key in keys:
            if self._held.pop(key, None) is None:
                raise KeyMissingError(self.url, key)


class DeletesOneBatch(MemoryRemote):
    def delete(self, keys):
        super().delete([*keys][:1000])


class DeletesFolders(MemoryRemote):
    def delete(self, keys):
        for folder in [*keys]:
            super().delete([key for key in self._held if key.startswith(folder)])


class ShortensKeys(MemoryRemote):
    def put(self, key, source, **options):
        super().put(key[:199], source, **options)


class LooksBeforeItLeaps(MemoryRemote):
    def put(self, key, source, *, if_absent=False, **options):
        if if_absent and self.stat(key) is not None:
            raise KeyExistsError(self.url, key)
        time.sleep(0.01)
        super().put(key, source, **options)


class ShowsWhatIsOnItsWay(MemoryRemote):
    def put(self, key, source, *, if_absent=False, moved=lambda count: None):
        data = source.read_bytes()
        for start in range(0, max(len(data), 1), MIB):
            self._held[key] = data[: start + MIB]
            time.sleep(0.005)
            moved(len(data[start : start + MIB]))


class GoesOnRegardless(MemoryRemote):
    def put(self, key, source, *, moved=None, **options):
        super().put(key, source, **options)
        try:
            moved(source.stat().st_size)
        except KeyboardInterrupt:
            pass


class TellsWhenAllIsDone(MemoryRemote):
    def put(self, key, source, *, moved=lambda count: None, **options):
        super().put(key, source, **options)
        moved(source.stat().st_size)


class TakesAMissingSourceForEmpty(MemoryRemote):
    def put(self, key, source, **options):
        if source.exists():
            super().put(key, source, **options)
        else:
            self._held[key] = b""


class ClosesOnce(MemoryRemote):
    closed = False

    def close(self):
        assert not self.closed
        self.closed = True


class ServesOneAtATime(MemoryRemote):
    busy = threading.Lock()

    def stat(self, key):
        if not self.busy.acquire(blocking=False):
            raise RuntimeError("busy")
        time.sleep(0.001)
        self.busy.release()
        return super().stat(key)


class CountsNothing(MemoryRemote):
    requests = Requests()


class ListsSizesThatWere(MemoryRemote):
    def list(self, prefix):
        return (RemoteEntry(entry.key, 0) for entry in super().list(prefix))


DEFECTS = [
    (AddsAByte, "test_what_was_put_comes_back", {"size": 1}),
    (ForgetsProgress, "test_progress_adds_up_to_the_size", {"size": 1}),
    (KeepsTheFirst, "test_putting_a_key_again_replaces_it_whole", {"sizes": (5, 9)}),
    (
        ReadsNothingBeforeTheBeginning,
        "test_a_range_is_read_as_python_would_slice_it",
        {"offset": -5000, "length": 10},
    ),
    (TakesAbsentForEmpty, "test_absent_keys_are_told_apart_from_empty_ones", {}),
    (LetsForeignErrorsOut, "test_absent_keys_are_told_apart_from_empty_ones", {}),
    (OverwritesInPlace, "test_get_replaces_a_file_that_is_there", {"before": b"longer than it"}),
    (ListsFolders, "test_a_prefix_is_a_string_like_any_other", {}),
    (
        ListsOnePage,
        "test_more_keys_than_fit_a_page_are_listed_as_they_come_and_deleted_together",
        {},
    ),
    (
        ListsEagerly,
        "test_more_keys_than_fit_a_page_are_listed_as_they_come_and_deleted_together",
        {},
    ),
    (
        DeletesOneBatch,
        "test_more_keys_than_fit_a_page_are_listed_as_they_come_and_deleted_together",
        {},
    ),
    (MissesWhatItDeletes, "test_deleting_takes_present_absent_and_no_keys", {}),
    (DeletesFolders, "test_what_lies_between_the_slashes_of_a_key_is_no_key", {}),
    (ShortensKeys, "test_an_allowed_key_is_put_listed_and_deleted", {"key": "k" * 200}),
    (ListsSizesThatWere, "test_an_allowed_key_is_put_listed_and_deleted", {"key": "a"}),
    (LooksBeforeItLeaps, "test_of_many_who_claim_a_key_exactly_one_succeeds", {}),
    (ShowsWhatIsOnItsWay, "test_nothing_is_seen_of_a_put_until_it_is_whole", {}),
    (ShowsWhatIsOnItsWay, "test_readers_meet_the_old_content_or_the_new", {}),
    (
        ShowsWhatIsOnItsWay,
        "test_a_put_that_progress_breaks_off_leaves_nothing_by_halves",
        {"interruption": KeyboardInterrupt, "if_absent": False},
    ),
    (
        GoesOnRegardless,
        "test_a_put_that_progress_breaks_off_leaves_nothing_by_halves",
        {"interruption": KeyboardInterrupt, "if_absent": False},
    ),
    (
        TellsWhenAllIsDone,
        "test_a_put_that_is_broken_off_at_its_last_byte_is_never_seen",
        {"size": 1, "if_absent": False},
    ),
    (
        TellsWhenAllIsDone,
        "test_a_put_that_is_broken_off_at_its_last_byte_replaces_nothing",
        {"size": MIB},
    ),
    (
        TakesAMissingSourceForEmpty,
        "test_a_source_that_is_not_there_is_an_error_and_makes_no_key",
        {},
    ),
    (ClosesOnce, "test_closing_twice_is_harmless", {}),
    (CountsNothing, "test_requests_that_are_told_of_are_those_that_are_made", {}),
    (ServesOneAtATime, "test_sixteen_threads_do_everything_at_once", {}),
]


FAILURES = (AssertionError, KeyError, KeyMissingError, RuntimeError, pytest.fail.Exception)


@pytest.fixture
def run(tmp_path):
    """Runs one test of the contract on a remote."""

    def run(test, remote, parameters):
        def source(data):
            path = tmp_path / f"source-{next(numbers)}"
            path.write_bytes(data)
            return path

        def content(key):
            target = tmp_path / f"target-{next(numbers)}"
            remote.get(key, target)
            return target.read_bytes()

        numbers = itertools.count()
        method = getattr(RemoteConformance(), test)
        fixtures = {"remote": remote, "source": source, "content": content, "tmp_path": tmp_path}
        wanted = inspect.signature(method).parameters
        method(**{name: fixtures[name] for name in wanted if name in fixtures}, **parameters)

    return run


@pytest.mark.parametrize(
    ("remote", "test", "parameters"),
    DEFECTS,
    ids=[f"{remote.__name__}-{test}" for remote, test, _ in DEFECTS],
)
def test_a_defect_is_found(run, remote, test, parameters):
    with pytest.raises(FAILURES):
        run(test, remote(), parameters)


@pytest.mark.parametrize(
    ("test", "parameters"), [(test, parameters) for _, test, parameters in DEFECTS]
)
def test_a_remote_without_defects_passes_the_same_tests(run, test, parameters):
    run(test, MemoryRemote(), parameters)
