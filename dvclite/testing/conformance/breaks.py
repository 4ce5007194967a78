"""What is broken off leaves nothing by halves."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from dvclite.errors import RemoteError
from dvclite.files.atomic import discard
from dvclite.remote import Remote
from dvclite.testing.conformance.harness import MIB, Harness

Source = Callable[[bytes], Path]
Content = Callable[[str], bytes]


class StopError(Exception):
    """Raised by progress, as by somebody who has seen enough."""


INTERRUPTIONS = [StopError, KeyboardInterrupt]


class Breaks(Harness):
    """A put that does not return leaves a key as it was, or whole."""

    def test_nothing_is_seen_of_a_put_until_it_is_whole(
        self, remote: Remote, source: Source
    ) -> None:
        size = 20 * MIB
        seen: list[object] = []

        def look(_: int) -> None:
            seen.append(remote.stat("files/ab/cdef"))
            seen.extend(entry.size for entry in remote.list(""))

        remote.put("files/ab/cdef", source(secrets.token_bytes(size)), moved=look)

        assert seen
        assert set(seen) <= {None, size}

    @pytest.mark.parametrize("interruption", INTERRUPTIONS)
    @pytest.mark.parametrize("if_absent", [False, True])
    def test_a_put_that_progress_breaks_off_leaves_nothing_by_halves(
        self,
        remote: Remote,
        source: Source,
        content: Content,
        interruption: type[BaseException],
        if_absent: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        data = secrets.token_bytes(20 * MIB)

        with pytest.raises(interruption):
            remote.put(
                "files/ab/cdef",
                source(data),
                if_absent=if_absent,
                moved=_break_off_after(len(data) // 2, interruption),
            )

        _assert_absent_or_whole(remote, content, data)
        remote.put("files/ab/cdef", source(data))
        assert content("files/ab/cdef") == data

    def test_a_put_that_is_broken_off_leaves_what_it_would_have_replaced(
        self, remote: Remote, source: Source, content: Content
    ) -> None:
        before, after = secrets.token_bytes(MIB), secrets.token_bytes(20 * MIB)
        remote.put("mark", source(before))

        with pytest.raises(StopError):
            remote.put("mark", source(after), moved=_break_off_after(len(after) // 2, StopError))

        assert content("mark") in {before, after}

    @pytest.mark.parametrize("size", [1, MIB, 20 * MIB])
    @pytest.mark.parametrize("if_absent", [False, True])
    def test_a_put_that_is_broken_off_at_its_last_byte_is_never_seen(
        self,
        remote: Remote,
        source: Source,
        content: Content,
        size: int,
        if_absent: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        data = secrets.token_bytes(size)

        with pytest.raises(StopError):
            remote.put(
                "files/ab/cdef",
                source(data),
                if_absent=if_absent,
                moved=_break_off_after(size, StopError),
            )

        assert remote.stat("files/ab/cdef") is None
        assert list(remote.list("")) == []
        remote.put("files/ab/cdef", source(data), if_absent=if_absent)
        assert content("files/ab/cdef") == data

    @pytest.mark.parametrize("size", [1, MIB, 20 * MIB])
    def test_a_put_that_is_broken_off_at_its_last_byte_replaces_nothing(
        self, remote: Remote, source: Source, content: Content, size: int
    ) -> None:
        before = secrets.token_bytes(MIB)
        remote.put("mark", source(before))

        with pytest.raises(StopError):
            remote.put(
                "mark",
                source(secrets.token_bytes(size)),
                moved=_break_off_after(size, StopError),
            )

        is_as_before = content("mark") == before
        assert is_as_before  # Two such contents side by side take pytest minutes.

    @pytest.mark.parametrize("interruption", INTERRUPTIONS)
    def test_a_get_that_progress_breaks_off_can_be_done_again(
        self,
        remote: Remote,
        source: Source,
        tmp_path: Path,
        interruption: type[BaseException],
    ) -> None:
        data = secrets.token_bytes(20 * MIB)
        target = tmp_path / "target"
        remote.put("key", source(data))

        with pytest.raises(interruption):
            remote.get("key", target, moved=_break_off_after(len(data) // 2, interruption))

        remote.get("key", target)
        assert target.read_bytes() == data

    def test_a_source_that_is_not_there_is_an_error_and_makes_no_key(
        self, remote: Remote, tmp_path: Path
    ) -> None:
        for if_absent in (False, True):
            with pytest.raises((OSError, RemoteError)):
                remote.put("files/ab/cdef", tmp_path / "absent", if_absent=if_absent)

        assert remote.stat("files/ab/cdef") is None
        assert list(remote.list("")) == []

    @pytest.mark.skipif(os.name == "nt", reason="Windows keeps open files")
    def test_a_source_that_vanishes_leaves_nothing_by_halves(
        self, remote: Remote, source: Source, content: Content
    ) -> None:
        data = secrets.token_bytes(20 * MIB)
        file = source(data)

        def vanish(_: int) -> None:
            discard(str(file))

        try:
            remote.put("files/ab/cdef", file, moved=vanish)
        except (OSError, RemoteError):
            pass

        _assert_absent_or_whole(remote, content, data)

    def test_a_target_that_cannot_be_written_is_an_error(
        self, remote: Remote, source: Source, tmp_path: Path
    ) -> None:
        remote.put("key", source(b"content"))

        with pytest.raises((OSError, RemoteError)):
            remote.get("key", tmp_path / "no folder" / "target")

    def test_closing_twice_is_harmless(self, remote: Remote, source: Source) -> None:
        remote.put("key", source(b"content"))

        remote.close()
        remote.close()


def _break_off_after(size: int, interruption: type[BaseException]) -> Callable[[int], object]:
    done = 0

    def moved(count: int) -> None:
        nonlocal done
        done += count
        if done >= size:
            raise interruption

    return moved


def _assert_absent_or_whole(remote: Remote, content: Content, data: bytes) -> None:
    sizes = {entry.key: entry.size for entry in remote.list("")}
    if sizes:
        assert sizes == {"files/ab/cdef": len(data)}
        assert content("files/ab/cdef") == data
    else:
        assert remote.stat("files/ab/cdef") is None
