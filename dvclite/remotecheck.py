"""Whether a remote works for this user: what `dvclite remote test` asks, one thing at a time."""

import os
import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dvclite.errors import AccessDeniedError, KeyExistsError, RemoteError
from dvclite.files import changes
from dvclite.files.staging import Staging
from dvclite.remote import Remote

_PREFIX = "dvclite-test"
_MIB = 1 << 20
_SMALL = 1000
_ROUND_TRIPS = 9
_QUICK = 0.5
_LOOKED_THROUGH = 1000
_ENOUGH = 2
"""How many checks must fail at the beginning, and all alike, for the others to be pointless."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of one check.

    Attributes:
        name: What was tried: `list`, `write`, `read`, `range`, `conditional write`, `latency`,
            `throughput`, `delete`.
        ok: Whether it works; None if it was not tried, since something else failed.
        detail: What was found, or what went wrong.
        hint: What to do next; empty if it works.
    """

    name: str
    ok: bool | None
    detail: str
    hint: str = ""


def check_remote(remote: Remote, scratch: str | os.PathLike[str]) -> Iterator[CheckResult]:
    """Try everything that dvclite does with a remote, and take away again what that left there.

    Only keys below `dvclite-test/` are written and deleted, under names that nobody else has. What is
    not permitted is told one by one; where the first two checks fail for one reason, as without
    credentials or a bucket, the others are not made.

    Args:
        remote: The remote.
        scratch: A folder for files of some MiB, made if it is absent.

    Yields:
        One result for each check, as soon as it is known.

    Raises:
        OSError: The scratch folder cannot be used.
    """
    with Staging(scratch) as staging:
        trial = _Trial(remote, staging)
        try:
            hints: list[str] = []
            for name, needs_writing, check in trial.checks():
                if len(hints) == _ENOUGH and hints[0] and len({*hints}) == 1:
                    yield CheckResult(
                        name, None, "not tried, since it would fail for the same reason"
                    )
                elif needs_writing and not trial.writes:
                    yield CheckResult(name, None, "not tried, since nothing could be written")
                else:
                    result = _result(name, remote, check)
                    hints = [*hints, result.hint][:_ENOUGH]
                    yield result
        finally:
            trial.clean_up()


class _WrongAnswerError(Exception):
    """The remote took the request and did not do what it means."""

    def __init__(self, detail: str, hint: str) -> None:
        super().__init__(detail)
        self.hint = hint


class _NothingToTryError(Exception):
    """There is nothing on the remote that the check could be made with."""


def _result(name: str, remote: Remote, check: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, ok=True, detail=check())
    except RemoteError as error:
        hint = error.hint or f"ask whoever runs {remote.url} for permission to {name}"
        return CheckResult(name, ok=False, detail=str(error), hint=hint)
    except _WrongAnswerError as error:
        return CheckResult(name, ok=False, detail=str(error), hint=error.hint)
    except _NothingToTryError as error:
        return CheckResult(name, ok=None, detail=str(error))


class _Trial:
    """The keys that are written for the checks, and what each check does."""

    def __init__(self, remote: Remote, staging: Staging) -> None:
        self.writes = False
        self._remote = remote
        self._staging = staging
        self._prefix = f"{_PREFIX}/{secrets.token_hex(8)}"
        self._written: list[str] = []
        self._data = os.urandom(_SMALL)

    def checks(self) -> list[tuple[str, bool, Callable[[], str]]]:
        """Return the name of each check, whether it needs writing, and what it does."""
        return [
            ("list", False, self._list),
            ("write", False, self._write),
            ("read", False, self._read),
            ("range", False, self._range),
            ("conditional write", True, self._claim),
            ("latency", False, self._latency),
            ("throughput", True, self._throughput),
            ("delete", False, self._delete),
        ]

    def clean_up(self) -> None:
        """Delete what is still there."""
        try:
            self._remote.delete(self._written)
        except RemoteError:
            pass  # The check called delete has told it.

    def _list(self) -> str:
        found = len(list(islice(self._remote.list(""), _LOOKED_THROUGH)))
        if found == _LOOKED_THROUGH:
            return f"{_LOOKED_THROUGH:,} keys or more"
        return f"{found:,} {'key' if found == 1 else 'keys'}"

    def _write(self) -> str:
        key = self._put("small", self._data)
        try:
            size = self._remote.stat(key)
        except AccessDeniedError:
            size = _SMALL  # Who may only write is told so by the checks that read.
        if size != _SMALL:
            seen = "is not there" if size is None else f"has {size:,} bytes"
            raise _WrongAnswerError(
                f"a key of {_SMALL:,} bytes was written and {seen}",
                "this server does not keep what it takes: do not use it",
            )
        self.writes = True
        return f"a key of {_SMALL:,} bytes"

    def _read(self) -> str:
        if not self.writes:
            key, size = self._foreign_key()
            self._remote.read(key, 0, 1)
            return f"one byte of {key}, which has {size:,}"
        self._compare(self._get(self._written[0]), self._data)
        return "the bytes that were written"

    def _range(self) -> str:
        key, size = (self._written[0], _SMALL) if self.writes else self._foreign_key()
        end = self._remote.read(key, -10, 10)
        middle = self._remote.read(key, size - 10, 5)
        self._compare(middle, end[:5])
        if self.writes:
            self._compare(end, self._data[-10:])
        return "parts of a key"

    def _claim(self) -> str:
        first, second = self._file(b"first"), self._file(b"second")
        key = self._key("claimed")
        try:
            self._remote.put(key, first, if_absent=True)
            self._remote.put(key, second, if_absent=True)
        except KeyExistsError:
            with suppress(AccessDeniedError):
                self._compare(self._remote.read(key, 0, 10), b"first")
            return "a key that is there is not replaced"
        except AccessDeniedError as error:
            raise _WrongAnswerError(
                f"writing is allowed, but not on the condition that nothing is there: {error}",
                "ask whoever runs the server, or what stands before it, to let conditions pass",
            ) from error
        raise _WrongAnswerError(
            "a key that was there was replaced, although it should only be written if absent",
            "this server ignores such conditions: do not collect garbage while others push to it",
        )

    def _latency(self) -> str:
        seconds = []
        for _ in range(_ROUND_TRIPS):
            began = time.perf_counter()
            with suppress(AccessDeniedError):  # A refusal takes as long.
                self._remote.stat(f"{self._prefix}/small")
            seconds.append(time.perf_counter() - began)
        return f"{statistics.median(seconds) * 1000:.1f} ms a request"

    def _throughput(self) -> str:
        for size in (_MIB, 16 * _MIB):
            data = os.urandom(size)
            began = time.perf_counter()
            key = self._put(f"large-{size}", data)
            put = time.perf_counter() - began
            began = time.perf_counter()
            try:
                got = self._get(key)
            except AccessDeniedError:
                return f"{size / put / 1e6:,.1f} MB/s there; what is there may not be read back"
            get = time.perf_counter() - began
            self._compare(got, data)
            if put + get > _QUICK:
                break
        return (
            f"{size / put / 1e6:,.1f} MB/s there, {size / get / 1e6:,.1f} MB/s back,"
            f" in one piece of {size // _MIB} MiB"
        )

    def _delete(self) -> str:
        self._remote.delete(self._written)
        if not self.writes:
            raise _NothingToTryError("nobody refused it, but there was nothing to delete")
        left = [key for key in self._written if self._is_there(key)]
        if left:
            raise _WrongAnswerError(
                f"{len(left)} keys are still there after they were deleted, {left[0]} among them",
                "delete them by hand",
            )
        count = len(self._written)
        self._written.clear()
        return f"{count} keys"

    def _is_there(self, key: str) -> bool:
        try:
            return self._remote.stat(key) is not None
        except AccessDeniedError:
            # Who may not list is not told by every server that a key is absent.
            return False

    def _key(self, name: str) -> str:
        self._written.append(f"{self._prefix}/{name}")
        return self._written[-1]

    def _put(self, name: str, data: bytes) -> str:
        key = self._key(name)
        self._remote.put(key, self._file(data))
        return key

    def _get(self, key: str) -> bytes:
        target = Path(self._staging.new_path())
        self._remote.get(key, target)
        return target.read_bytes()

    def _file(self, data: bytes) -> Path:
        path = self._staging.new_path()
        fd = changes.create(path)
        try:
            changes.write(fd, data)
        finally:
            changes.close(fd)
        return Path(path)

    def _foreign_key(self) -> tuple[str, int]:
        for entry in islice(self._remote.list(""), _LOOKED_THROUGH):
            if entry.size >= 10:
                return entry
        raise _NothingToTryError("not tried, since there is nothing to read")

    def _compare(self, found: bytes, expected: bytes) -> None:
        if found != expected:
            raise _WrongAnswerError(
                "the bytes that came back are not those that were written",
                "this server damages what it keeps: do not use it",
            )
