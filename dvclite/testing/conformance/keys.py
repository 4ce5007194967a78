"""Every allowed key works, is listed, and goes away when it is deleted."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dvclite.remote import Remote, RemoteEntry
from dvclite.testing.conformance.harness import Harness

MANY = 1100
"""More than two pages of any listing, and than two batches of any deletion."""

ALL_CHARACTERS = "0123456789/abcdefghijklm/nopqrstuvwxyz/_.-_/-_.x"

NAMES = {
    "one character": "a",
    "every allowed character": ALL_CHARACTERS,
    "dots and dashes": "a.b/-c/_d/e-f.g_h/i..j",
    "many levels": "/".join("abcdefghijklmnopqrstuvwxyz0123456789"),
    "the longest name": "k" * 200,
    "the longest path": "/".join(["ab"] * 67)[:200],
    "a tree": "files/md5/4c/2cfd6d3f6bd6d8d0d2a5ae1f4d2d76.dir",
}

Source = Callable[[bytes], Path]


class Keys(Harness):
    """What keys there are."""

    @pytest.mark.parametrize("key", NAMES.values(), ids=NAMES)
    def test_an_allowed_key_is_put_listed_and_deleted(
        self, remote: Remote, source: Source, key: str
    ) -> None:
        remote.put(key, source(b"content"))

        assert remote.stat(key) == 7
        assert remote.read(key, 0, 7) == b"content"
        assert list(remote.list("")) == [RemoteEntry(key, 7)]
        assert list(remote.list(key)) == [RemoteEntry(key, 7)]

        remote.delete([key])

        assert remote.stat(key) is None
        assert list(remote.list("")) == []

    def test_a_new_remote_lists_nothing(self, remote: Remote) -> None:
        assert list(remote.list("")) == []
        assert list(remote.list("files/")) == []
        assert remote.stat("files/ab/cdef") is None
        remote.delete(["files/ab/cdef"])

    def test_a_prefix_is_a_string_like_any_other(self, remote: Remote, source: Source) -> None:
        keys = {"a/b", "a/bc", "a/bd/e", "a/bd/f", "a/c", "ab", "b/a/b"}
        for key in keys:
            remote.put(key, source(key.encode()))

        prefixes = ["", "a", "a/", "a/b", "a/bd", "a/bd/", "a/bd/e", "a/x", "b", "c/", "a/b/", "/a"]
        for prefix in prefixes:
            found = sorted(remote.list(prefix))
            expected = sorted(key for key in keys if key.startswith(prefix))
            assert found == [RemoteEntry(key, len(key)) for key in expected], prefix

    def test_more_keys_than_fit_a_page_are_listed_as_they_come_and_deleted_together(
        self, remote: Remote, source: Source
    ) -> None:
        keys = [f"many/{number % 7}/{number:04}" for number in range(MANY)]
        file = source(b"x")
        remote.put("other", file)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda key: remote.put(key, file), keys))

        entries = remote.list("many/")
        assert iter(entries) is entries
        first = next(entries)
        assert sorted([first, *entries]) == sorted(RemoteEntry(key, 1) for key in keys)

        remote.delete(key for key in keys)
        assert list(remote.list("")) == [RemoteEntry("other", 1)]

    def test_a_listing_may_be_given_up(self, remote: Remote, source: Source) -> None:
        for key in "abc":
            remote.put(key, source(b"content"))

        next(remote.list(""))

        assert len(list(remote.list(""))) == 3

    def test_deleting_takes_present_absent_and_no_keys(
        self, remote: Remote, source: Source
    ) -> None:
        for key in ("files/ab/1", "files/ab/2", "files/cd/3", "top"):
            remote.put(key, source(b"content"))

        remote.delete([])
        remote.delete(iter(["files/ab/1", "files/ab/9", "nowhere/1", "top", "files/ab/1"]))
        remote.delete(["files/ab/1"])

        assert {entry.key for entry in remote.list("")} == {"files/ab/2", "files/cd/3"}

    def test_a_key_can_be_put_again_after_it_was_deleted(
        self, remote: Remote, source: Source
    ) -> None:
        remote.put("files/ab/1", source(b"first"))
        remote.delete(["files/ab/1"])
        remote.put("files/ab/1", source(b"second"), if_absent=True)

        assert remote.read("files/ab/1", 0, 100) == b"second"

    def test_keys_may_be_deleted_while_they_are_listed(
        self, remote: Remote, source: Source
    ) -> None:
        for number in range(50):
            remote.put(f"files/{number:02}", source(b"content"))

        def listed() -> Iterator[str]:
            for entry in remote.list("files/"):
                yield entry.key

        remote.delete(listed())

        assert list(remote.list("")) == []
