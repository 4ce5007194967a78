"""Reading content where it lies, for remotes that have a way for that."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from dvclite.errors import HostilePathError, KeyMissingError
from dvclite.remote import NearRemote, Remote
from dvclite.testing.conformance.harness import MIB, Harness

Source = Callable[[bytes], Path]


class Near(Harness):
    """What is read where it lies is what was put."""

    @pytest.fixture
    def near(self, remote: Remote) -> NearRemote:
        """The remote, if its content can be read where it lies."""
        if not isinstance(remote, NearRemote):
            pytest.skip("this remote does not let its content be read where it lies")
        return remote

    def test_memory_is_filled_from_an_offset_on(self, near: NearRemote, source: Source) -> None:
        data = secrets.token_bytes(10)
        near.put("key", source(data))

        with near.reading("key") as read:
            for offset, length in product((0, 1, 5, 9, 10, 11, 1000), (0, 1, 5, 10, 11, 1000)):
                memory = memoryview(bytearray(length))
                expected = data[offset : offset + length]

                assert read(offset, memory) == len(expected)
                assert memory == expected.ljust(length, b"\0")

    def test_much_is_read_at_once_and_in_any_order(self, near: NearRemote, source: Source) -> None:
        data = secrets.token_bytes(5 * MIB)
        near.put("key", source(data))
        whole, part = memoryview(bytearray(6 * MIB)), memoryview(bytearray(MIB))

        with near.reading("key") as read:
            assert read(3 * MIB, part) == MIB
            assert read(0, whole) == 5 * MIB

        assert whole[: 5 * MIB] == data
        assert part == data[3 * MIB : 4 * MIB]

    def test_what_is_absent_cannot_be_opened(self, near: NearRemote, source: Source) -> None:
        near.put("folder/key", source(b"content"))

        for absent in ("key", "folder", "folder/other", "folder/key/below"):
            with pytest.raises(KeyMissingError), near.reading(absent):
                pass

    def test_no_key_leads_out_of_the_remote(self, near: NearRemote) -> None:
        with pytest.raises(HostilePathError), near.reading("../key"):
            pass

    def test_many_threads_read_at_once(self, near: NearRemote, source: Source) -> None:
        data = {f"key{number}": secrets.token_bytes(MIB) for number in range(8)}
        for key, content in data.items():
            near.put(key, source(content))

        def whole(key: str) -> bytes:
            memory = memoryview(bytearray(MIB))
            with near.reading(key) as read:
                for begin in range(0, MIB, 1 << 16):
                    assert read(begin, memory[begin:][: 1 << 16]) == 1 << 16
            return bytes(memory)

        with ThreadPoolExecutor(8) as threads:
            assert dict(zip(data, threads.map(whole, data), strict=True)) == data
