"""Many small contents at once, for remotes that have a way for that."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dvclite.remote import GroupingRemote, Remote
from dvclite.testing.conformance.harness import Harness

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
        stored = grouping.put_group(iter(contents.items()))

        assert {entry.key: entry.size for entry in grouping.list("")} == {
            key: len(contents[key]) for key in stored
        }
        for key in stored:
            assert content(key) == contents[key]

    def test_progress_of_a_group_adds_up_to_what_is_stored(
        self, grouping: GroupingRemote, contents: Contents
    ) -> None:
        counts: list[int] = []

        stored = grouping.put_group(iter(contents.items()), moved=counts.append)

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

        stored = grouping.put_group(iter(contents.items()))

        assert content(key) == (contents[key] if key in stored else b"before")

    def test_a_group_may_be_empty(self, grouping: GroupingRemote) -> None:
        assert not grouping.put_group(iter(()))

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
            stored = grouping.put_group(iter(contents.items()), moved=moved)
        except interruption:
            pass
        else:
            assert not stored
        for entry in grouping.list(""):
            assert content(entry.key) == contents[entry.key]

    def test_a_group_whose_contents_break_off_leaves_nothing_by_halves(
        self, grouping: GroupingRemote, contents: Contents, content: Content
    ) -> None:
        def some() -> Iterator[tuple[str, bytes]]:
            yield from list(contents.items())[:200]
            raise StopError

        try:
            stored = grouping.put_group(some())
        except StopError:
            pass
        else:
            assert not stored
        for entry in grouping.list(""):
            assert content(entry.key) == contents[entry.key]
