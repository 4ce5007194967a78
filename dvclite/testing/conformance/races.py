"""Many threads, another process, another day."""

import multiprocessing
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from dvclite.errors import KeyExistsError
from dvclite.remote import Remote, RemoteEntry
from dvclite.testing.conformance.harness import KIB, MIB, Harness, Opener
from dvclite.testing.files import write_file

Source = Callable[[bytes], Path]
Content = Callable[[str], bytes]


class Races(Harness):
    """Whoever looks sees what was there before or what was there after."""

    def test_two_threads_may_put_one_key(
        self, remote: Remote, source: Source, content: Content
    ) -> None:
        data = secrets.token_bytes(MIB)
        file = source(data)
        together = threading.Barrier(2)

        def put(_: int) -> None:
            for _ in range(5):
                together.wait()
                remote.put("files/ab/cdef", file)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(put, range(2)))

        assert content("files/ab/cdef") == data

    def test_sixteen_threads_do_everything_at_once(
        self, remote: Remote, source: Source, tmp_path: Path
    ) -> None:
        files = [source(secrets.token_bytes(10 * KIB + number)) for number in range(16)]

        def work(number: int) -> None:
            data = files[number].read_bytes()
            for turn in range(4):
                key = f"files/{number % 3}/{number}-{turn}"
                remote.put(key, files[number])
                assert remote.stat(key) == len(data)
                target = tmp_path / f"{number}-{turn}"
                remote.get(key, target)
                assert target.read_bytes() == data
                assert remote.read(key, -5, 5) == data[-5:]
                assert RemoteEntry(key, len(data)) in set(remote.list(key))
                if turn % 2:
                    remote.delete([key])
                    assert remote.stat(key) is None

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(work, range(16)))

        kept = {f"files/{number % 3}/{number}-{turn}" for number in range(16) for turn in (0, 2)}
        assert {entry.key for entry in remote.list("")} == kept

    def test_of_many_who_claim_a_key_exactly_one_succeeds(
        self, remote: Remote, source: Source, content: Content
    ) -> None:
        claims = [secrets.token_bytes(100 + number) for number in range(8)]
        files = [source(claim) for claim in claims]
        for turn in range(3):
            key = f"marks/{turn}"
            together = threading.Barrier(len(files))

            def claim(file: Path, key: str = key, together: threading.Barrier = together) -> str:
                together.wait()
                try:
                    remote.put(key, file, if_absent=True)
                except KeyExistsError as error:
                    return error.key
                return "won"

            with ThreadPoolExecutor(len(files)) as pool:
                outcomes = list(pool.map(claim, files))

            assert sorted(outcomes) == [key] * 7 + ["won"]
            assert content(key) == claims[outcomes.index("won")]

    def test_a_key_that_is_there_cannot_be_claimed(
        self, remote: Remote, source: Source, content: Content
    ) -> None:
        remote.put("marks/one", source(b"first"))

        with pytest.raises(KeyExistsError):
            remote.put("marks/one", source(b"second"), if_absent=True)
        with pytest.raises(KeyExistsError):
            remote.put("marks/one", source(b"first"), if_absent=True)

        assert content("marks/one") == b"first"

    def test_readers_meet_the_old_content_or_the_new(
        self, remote: Remote, source: Source, tmp_path: Path
    ) -> None:
        contents = [b"a" * (3 * MIB), b"b" * MIB]
        files = [source(data) for data in contents]
        remote.put("mark", files[0])
        done = threading.Event()

        def replace() -> None:
            try:
                for turn in range(10):
                    remote.put("mark", files[turn % 2])
            finally:
                done.set()

        def look(number: int) -> None:
            while not done.is_set():
                target = tmp_path / f"seen-{number}"
                remote.get("mark", target)
                assert target.read_bytes() in contents
                assert remote.stat("mark") in {MIB, 3 * MIB}
                assert remote.read("mark", -4, 4) in {b"aaaa", b"bbbb"}
                assert [entry.key for entry in remote.list("m")] == ["mark"]

        with ThreadPoolExecutor(4) as pool:
            looking = [pool.submit(look, number) for number in range(3)]
            pool.submit(replace).result()
            for result in looking:
                result.result()

    def test_what_was_put_outlives_the_one_who_put_it(
        self, remote: Remote, source: Source, opened_again: Opener, tmp_path: Path
    ) -> None:
        data = secrets.token_bytes(MIB)
        remote.put("files/ab/cdef", source(data))
        remote.close()

        again = opened_again()

        again.get("files/ab/cdef", tmp_path / "target")
        assert (tmp_path / "target").read_bytes() == data
        assert list(again.list("")) == [RemoteEntry("files/ab/cdef", MIB)]

    def test_two_who_have_it_open_see_what_the_other_does(
        self, remote: Remote, source: Source, opened_again: Opener
    ) -> None:
        other = opened_again()
        assert other.stat("files/ab/cdef") is None

        remote.put("files/ab/cdef", source(b"content"))
        assert other.stat("files/ab/cdef") == 7
        with pytest.raises(KeyExistsError):
            other.put("files/ab/cdef", source(b"content"), if_absent=True)

        other.delete(["files/ab/cdef"])
        assert remote.stat("files/ab/cdef") is None

    def test_another_process_sees_it_at_once(
        self, remote: Remote, source: Source, content: Content, tmp_path: Path
    ) -> None:
        opener = self.opener(remote)
        if opener is None:
            pytest.skip("this remote cannot be opened a second time")
        data = secrets.token_bytes(MIB)
        remote.put("files/ab/here", source(data))

        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            there = pool.submit(_copy_a_key, opener, "files/ab/here", "files/ab/there", tmp_path)
            assert there.result() == data

        assert content("files/ab/there") == data


def _copy_a_key(opener: Opener, source: str, target: str, scratch: Path) -> bytes:
    """Runs in the other process."""
    remote = opener()
    try:
        size = remote.stat(source)
        assert size is not None
        data = remote.read(source, 0, size)
        remote.put(target, write_file(scratch / "another-process", data))
        return data
    finally:
        remote.close()
