"""A remote, or another place, that did not do what was asked, and what became of a transfer."""

import re
from collections.abc import Sequence

from dvclite.errors.cache import BlobCorruptError
from dvclite.errors.formats import FormatError
from dvclite.errors.ground import DvcliteError, Hint, listing, shown

_LOGIN = re.compile(r"(?<=://)[^/?#@]*@")


class RemoteError(DvcliteError):
    """A remote did not do what was asked."""

    exit_code = 7

    def __init__(self, url: str, reason: str, *, key: str = "", hint: str = "") -> None:
        place = f"{url.rstrip('/')}/{key}" if key else url
        super().__init__(f"{place}: {reason}", hint=hint)
        self.url = url
        self.key = key


class KeyMissingError(RemoteError):
    """A key that is not on the remote."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, "no such key on the remote", key=key)


class KeyExistsError(RemoteError):
    """A key that was to be made is on the remote already."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, "the key is on the remote already", key=key)


class AccessDeniedError(RemoteError):
    """Credentials are missing, wrong, expired, or not enough."""


class RemoteUnavailableError(RemoteError):
    """The remote cannot be reached or is failing: another try may succeed."""


class RemoteSetupError(RemoteError):
    """The remote is not there as configured: no bucket, no folder, no plugin, a bad option."""


class OriginError(DvcliteError):
    """Data cannot be brought from where it was imported from."""

    exit_code = 9

    def __init__(self, url: str, reason: str, *, hint: str = "") -> None:
        place = shown(_LOGIN.sub("", url))
        super().__init__(f"cannot import from {place}: {reason}", hint=hint)
        self.url = place


class TransferError(DvcliteError):
    """Some blobs did not arrive; all that did are kept."""

    exit_code = 8

    def __init__(
        self, action: str, done: int, failures: Sequence[tuple[str, Exception]], *, left: int = 0
    ) -> None:
        causes = [f"{name}: {_cause(name, error)}" for name, error in failures]
        failed = len(failures) + left
        untried = f"\n  {left:,} others were not tried after that" if left else ""
        super().__init__(
            f"{failed:,} of {done + failed:,} files could not be {action}:{listing(causes)}{untried}",
            hint=Hint.joined(
                "; ",
                [
                    *_hint(action, failures),
                    "what arrived is kept; run the same command again to go on from there",
                ],
            ),
        )
        self.failures = tuple(failures)
        self.left = left


def _cause(name: str, error: Exception) -> str:
    """Return what is wrong with something in one line, without its name."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0].rstrip(":").removeprefix(f"{shown(name)}: ")


def _hint(action: str, failures: Sequence[tuple[str, Exception]]) -> list[str]:
    """Return what to do about a remote that is damaged, or failed if that is all that is wrong."""
    if action == "fetched" and any(isinstance(error, BlobCorruptError) for _, error in failures):
        return ["ask whoever has this data to run `dvclite fsck --remote --data --repair`"]
    hints = {
        error.hint if isinstance(error, (RemoteError, FormatError)) else ""
        for _name, error in failures
    }
    return [hint for hint in hints if hint] if len(hints) == 1 else []
