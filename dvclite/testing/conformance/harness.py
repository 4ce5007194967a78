"""What the tests of the contract stand on."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dvclite.files.atomic import discard
from dvclite.remote import Remote
from dvclite.testing.files import write_file

KIB = 1 << 10
MIB = 1 << 20

Opener = Callable[[], Remote]


class Harness:
    """The fixture that a subclass must define, a hook that it may define, and what tests share."""

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        """A remote in which nothing is yet."""
        message = f"{type(self).__name__} needs a fixture called remote that yields a new Remote"
        raise NotImplementedError(message)

    def opener(self, remote: Remote) -> Opener | None:
        """Return a function that opens the same place once more, or None if nothing can.

        Another process calls it too, so it must be one that pickle knows:
        `functools.partial(dvclite_mine.open, remote.url, {})`.
        """
        del remote
        return None

    @pytest.fixture
    def opened_again(self, remote: Remote) -> Iterator[Opener]:
        """Opens the same place once more; what it opened is closed when the test ends."""
        opener = self.opener(remote)
        if opener is None:
            pytest.skip("this remote cannot be opened a second time")
        opened: list[Remote] = []

        def opened_again() -> Remote:
            opened.append(opener())
            return opened[-1]

        yield opened_again
        for again in opened:
            again.close()

    @pytest.fixture
    def source(self, tmp_path: Path) -> Callable[[bytes], Path]:
        """Makes a file with a given content."""

        def source(data: bytes) -> Path:
            return write_file(tmp_path / f"source-{secrets.token_hex(8)}", data)

        return source

    @pytest.fixture
    def content(self, remote: Remote, tmp_path: Path) -> Callable[[str], bytes]:
        """Gets what a key holds."""

        def content(key: str) -> bytes:
            target = tmp_path / f"target-{secrets.token_hex(8)}"
            remote.get(key, target)
            data = target.read_bytes()
            discard(str(target))
            return data

        return content
