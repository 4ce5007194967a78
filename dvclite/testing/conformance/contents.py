"""Bytes come back as they were put, whole or in ranges, and progress adds up."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from dvclite.errors import KeyMissingError
from dvclite.files import changes
from dvclite.remote import Remote
from dvclite.remote.requests import Requests
from dvclite.testing.conformance.harness import MIB, Harness
from dvclite.testing.files import write_file

SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 20 * MIB]

RANGES = [
    (0, 10),
    (0, 1000),
    (0, 5000),
    (7, 1),
    (999, 1),
    (990, 100),
    (-1, 1),
    (-10, 10),
    (-10, 4),
    (-10, 100),
    (-1000, 1000),
    (-5000, 10),
    (0, 0),
    (-3, 0),
    (1000, 1),
    (5000, 10),
]

Source = Callable[[bytes], Path]
Content = Callable[[str], bytes]


class Contents(Harness):
    """One caller, one key after the other."""

    @pytest.mark.parametrize("size", SIZES)
    def test_what_was_put_comes_back(
        self, remote: Remote, source: Source, content: Content, size: int
    ) -> None:
        data = secrets.token_bytes(size)

        remote.put("files/ab/cdef", source(data))

        assert remote.stat("files/ab/cdef") == size
        assert content("files/ab/cdef") == data

    @pytest.mark.parametrize("size", SIZES)
    def test_progress_adds_up_to_the_size(
        self, remote: Remote, source: Source, tmp_path: Path, size: int
    ) -> None:
        put: list[int] = []
        claimed: list[int] = []
        got: list[int] = []
        file = source(secrets.token_bytes(size))

        remote.put("key", file, moved=put.append)
        remote.put("claimed", file, if_absent=True, moved=claimed.append)
        remote.get("key", tmp_path / "target", moved=got.append)

        assert [sum(put), sum(claimed), sum(got)] == [size] * 3

    def test_putting_the_same_again_changes_nothing(
        self, remote: Remote, source: Source, content: Content
    ) -> None:
        remote.put("files/ab/cdef", source(b"same"))
        remote.put("files/ab/cdef", source(b"same"))

        assert content("files/ab/cdef") == b"same"
        assert [entry.key for entry in remote.list("")] == ["files/ab/cdef"]

    @pytest.mark.parametrize("sizes", [(5, 3 * MIB), (3 * MIB, 5), (9, 0)])
    def test_putting_a_key_again_replaces_it_whole(
        self, remote: Remote, source: Source, content: Content, sizes: tuple[int, int]
    ) -> None:
        first, second = map(secrets.token_bytes, sizes)
        remote.put("mark", source(first))
        remote.put("mark", source(second))

        assert content("mark") == second
        assert remote.stat("mark") == len(second)

    def test_the_source_is_left_as_it_was(self, remote: Remote, source: Source) -> None:
        file = source(b"content")
        mode = file.stat().st_mode

        remote.put("key", file)
        remote.put("key", file)

        assert file.read_bytes() == b"content"
        assert file.stat().st_mode == mode

    @pytest.mark.parametrize("before", [b"", b"x", b"longer than what comes"])
    def test_get_replaces_a_file_that_is_there(
        self, remote: Remote, source: Source, tmp_path: Path, before: bytes
    ) -> None:
        remote.put("key", source(b"content"))
        target = write_file(tmp_path / "target", before)

        remote.get("key", target)

        assert target.read_bytes() == b"content"

    def test_what_was_got_can_be_changed_and_the_key_stays_as_it_was(
        self, remote: Remote, source: Source, content: Content, tmp_path: Path
    ) -> None:
        remote.put("key", source(b"content"))
        target = tmp_path / "target"
        remote.get("key", target)

        fd = os.open(target, os.O_RDWR)
        changes.write(fd, b"CHANGED")
        changes.close(fd)

        assert content("key") == b"content"

    @pytest.mark.parametrize(("offset", "length"), RANGES)
    def test_a_range_is_read_as_python_would_slice_it(
        self, remote: Remote, source: Source, offset: int, length: int
    ) -> None:
        data = secrets.token_bytes(1000)
        remote.put("key", source(data))

        start = max(0, 1000 + offset) if offset < 0 else offset
        assert remote.read("key", offset, length) == data[start : start + length]

    @pytest.mark.parametrize(("offset", "length"), [(0, 10), (5, 5), (-5, 5), (0, 0)])
    def test_a_range_of_nothing_is_empty(
        self, remote: Remote, source: Source, offset: int, length: int
    ) -> None:
        remote.put("key", source(b""))

        assert remote.read("key", offset, length) == b""

    def test_a_long_range_of_a_large_key_is_read_whole(
        self, remote: Remote, source: Source
    ) -> None:
        data = secrets.token_bytes(20 * MIB)
        remote.put("key", source(data))

        assert remote.read("key", MIB + 1, 17 * MIB) == data[MIB + 1 : 18 * MIB + 1]

    def test_absent_keys_are_told_apart_from_empty_ones(
        self, remote: Remote, source: Source, tmp_path: Path
    ) -> None:
        remote.put("files/empty", source(b""))

        assert remote.stat("files/empty") == 0
        for absent in ("files/absent", "other/absent", "absent"):
            assert remote.stat(absent) is None
            with pytest.raises(KeyMissingError) as got:
                remote.get(absent, tmp_path / "target")
            with pytest.raises(KeyMissingError) as read:
                remote.read(absent, 0, 0)
            assert {got.value.key, read.value.key} == {absent}
            assert {got.value.url, read.value.url} == {remote.url}

    def test_what_lies_between_the_slashes_of_a_key_is_no_key(
        self, remote: Remote, source: Source, tmp_path: Path
    ) -> None:
        remote.put("files/ab/cdef", source(b"content"))

        for between in ("files", "files/ab"):
            assert remote.stat(between) is None
            with pytest.raises(KeyMissingError):
                remote.get(between, tmp_path / "target")
            with pytest.raises(KeyMissingError):
                remote.read(between, 0, 1)
            remote.delete([between])
        assert remote.stat("files/ab/cdef") == 7

    def test_requests_that_are_told_of_are_those_that_are_made(
        self, remote: Remote, source: Source
    ) -> None:
        requests = getattr(remote, "requests", None)
        if requests is None:
            return

        assert isinstance(requests, Requests)
        for number in range(3):
            before = requests.made
            remote.put(f"files/{number}", source(b"x"))
            assert remote.stat(f"files/{number}") == 1
            assert requests.made >= before + 2
        assert requests.repeated <= requests.made
