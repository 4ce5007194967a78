"""Many small contents at once, for remotes that have a way for that."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from dvclite.remote import Answers, GroupingRemote, Remote
from dvclite.testing.conformance.harness import Harness
from dvclite.testing.files import write_file

Content = Callable[[str], bytes]
Contents = dict[str, bytes]


class StopError(Exception):
    """Raised by whoever hands out contents, or is told of them."""


class Groups(Harness):
    """A group is as good as a put of each."""

    @pytest.fixture
    def grouping(self, remote: Remote) -> GroupingRemote:
        """The remote, if it takes groups."""
        if not isinstance(remote, GroupingRemote):
            pytest.skip("this remote has no way for many at once")
        return remote

    @pytest.fixture
    def contents(self) -> Contents:
        """Three hundred keys in fifty folders, and what they shall hold."""
        return {
            f"files/md5/{number % 50:02x}/{number:030x}": secrets.token_bytes(number)
            for number in range(300)
        }

    def test_what_is_said_to_be_stored_of_a_group_is(
        self, grouping: GroupingRemote, contents: Contents, content: Content
    ) -> None:
        stored = grouping.put_group(iter(contents), contents.get)

        assert {entry.key: entry.size for entry in grouping.list("")} == {
            key: len(contents[key]) for key in stored
        }
        for key in stored:
            assert content(key) == contents[key]

    def test_progress_of_a_group_adds_up_to_what_is_stored(
        self, grouping: GroupingRemote, contents: Contents
    ) -> None:
        counts: list[int] = []

        stored = grouping.put_group(iter(contents), contents.get, moved=counts.append)

        assert sum(counts) == sum(len(contents[key]) for key in stored)

    def test_a_group_replaces_what_is_there(
        self,
        grouping: GroupingRemote,
        contents: Contents,
        source: Callable[[bytes], Path],
        content: Content,
    ) -> None:
        key = next(iter(contents))
        grouping.put(key, source(b"before"))

        stored = grouping.put_group(iter(contents), contents.get)

        assert content(key) == (contents[key] if key in stored else b"before")

    def test_a_group_may_be_empty(self, grouping: GroupingRemote) -> None:
        assert not grouping.put_group(iter(()), lambda _key: None)

    @pytest.mark.parametrize("interruption", [StopError, KeyboardInterrupt])
    def test_a_group_that_progress_breaks_off_leaves_nothing_by_halves(
        self,
        grouping: GroupingRemote,
        contents: Contents,
        content: Content,
        interruption: type[BaseException],
    ) -> None:
        told = 0

        def moved(count: int) -> None:
            nonlocal told
            told += count
            if told > 10_000:
                raise interruption

        try:
            stored = grouping.put_group(iter(contents), contents.get, moved=moved)
        except interruption:
            pass
        else:
            assert not stored
        for entry in grouping.list(""):
            assert content(entry.key) == contents[entry.key]

    def test_a_group_whose_contents_break_off_leaves_nothing_by_halves(
        self, grouping: GroupingRemote, contents: Contents, content: Content
    ) -> None:
        def some() -> Iterator[str]:
            yield from list(contents)[:200]
            raise StopError

        try:
            stored = grouping.put_group(some(), contents.get)
        except StopError:
            pass
        else:
            assert not stored
        for entry in grouping.list(""):
            assert content(entry.key) == contents[entry.key]

    def test_what_is_not_to_be_had_is_left_out_of_a_group(
        self, grouping: GroupingRemote, contents: Contents, content: Content
    ) -> None:
        wanted = dict(list(contents.items())[::2])

        stored = grouping.put_group(iter(contents), wanted.get)

        assert set(stored) <= wanted.keys()
        for entry in grouping.list(""):
            assert content(entry.key) == wanted[entry.key]

    def test_a_group_hands_out_what_was_put(
        self, grouping: GroupingRemote, there: Contents, tmp_path: Path
    ) -> None:
        counts: list[int] = []
        take = _taking(tmp_path)

        taken = _those_taken(
            grouping.get_group(iter(there), take, most=1 << 20, moved=counts.append)
        )

        assert _taken(tmp_path).keys() == set(taken)
        for key in taken:
            assert _taken(tmp_path)[key] == there[key]
        assert sum(counts) == sum(len(there[key]) for key in taken)

    def test_a_group_answers_for_each_key_that_it_draws_once(
        self, grouping: GroupingRemote, there: Contents, tmp_path: Path
    ) -> None:
        drawn, told, moved = list[str](), list[str](), list[int]()
        keys = [*there, "files/md5/00/absent"]

        def drawing() -> Iterator[str]:
            for key in keys:
                drawn.append(key)
                yield key

        taking = _taking(tmp_path)
        for answers in grouping.get_group(drawing(), taking, most=1 << 20, moved=moved.append):
            told += [key for key, _is_taken in answers]
            taken = [key for key, is_taken in answers if is_taken]
            assert set(taken) <= _taken(tmp_path).keys()
            assert sum(moved) >= sum(len(there[key]) for key in taken)

        assert sorted(told) == sorted(drawn)

    def test_nobody_has_to_hear_all_answers_of_a_group(
        self, grouping: GroupingRemote, there: Contents, tmp_path: Path
    ) -> None:
        answers = grouping.get_group(iter(there), _taking(tmp_path), most=1 << 20)
        next(answers, None)
        answers.close()

        assert set(there) == {entry.key for entry in grouping.list("")}

    def test_a_group_hands_out_nothing_of_what_is_absent_or_large(
        self, grouping: GroupingRemote, there: Contents, tmp_path: Path
    ) -> None:
        keys = [*there, "files/md5/00/absent", "absent"]

        taken = _those_taken(grouping.get_group(iter(keys), _taking(tmp_path), most=20))

        assert set(taken) <= {key for key, data in there.items() if len(data) <= 20}
        assert _taken(tmp_path).keys() == set(taken)

    def test_what_is_not_taken_of_a_group_does_not_count(
        self, grouping: GroupingRemote, there: Contents
    ) -> None:
        counts: list[int] = []

        taken = _those_taken(
            grouping.get_group(
                iter(there), lambda key, _data: key.endswith("7"), most=1 << 20, moved=counts.append
            )
        )

        assert all(key.endswith("7") for key in taken)
        assert sum(counts) == sum(len(there[key]) for key in taken)

    @pytest.mark.parametrize("interruption", [StopError, KeyboardInterrupt])
    def test_progress_may_break_off_what_a_group_hands_out(
        self, grouping: GroupingRemote, there: Contents, interruption: type[BaseException]
    ) -> None:
        def moved(count: int) -> None:
            if count:
                raise interruption

        try:
            taken = _those_taken(
                grouping.get_group(iter(there), lambda _key, _data: True, most=1 << 20, moved=moved)
            )
        except interruption:
            pass
        else:
            assert not taken

    @pytest.fixture
    def there(
        self, remote: Remote, contents: Contents, source: Callable[[bytes], Path]
    ) -> Contents:
        """Sixty keys that are on the remote, and what they hold."""
        chosen = dict(list(contents.items())[::5])
        for key, data in chosen.items():
            remote.put(key, source(data))
        return chosen


def _those_taken(answers: Iterable[Answers]) -> list[str]:
    return [key for some in answers for key, is_taken in some if is_taken]


def _taking(place: Path) -> Callable[[str, bytes], bool]:
    """Return what takes contents into files, in whichever process it is called."""

    def take(key: str, data: bytes) -> bool:
        write_file(place / ("taken-" + key.replace("/", "+")), data)
        return True

    return take


def _taken(place: Path) -> Contents:
    return {
        path.name.removeprefix("taken-").replace("+", "/"): path.read_bytes()
        for path in place.glob("taken-*")
    }
