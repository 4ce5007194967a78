"""How a remote hands out large blobs: over a line, as copies, or sharing what it holds."""

import threading
from pathlib import Path

from dvclite.errors import DvcliteError
from dvclite.files.atomic import discard
from dvclite.formats.format import Format
from dvclite.remote import Remote
from dvclite.remote.requests import Requests
from dvclite.remotestore.named import Named
from dvclite.remotestore.store import Landing


class _PiecemealError(Exception):
    """Ends a look at how a remote hands out a blob."""


class Handing:
    """What is known of how a remote hands things out.

    Attributes:
        is_far: Whether things are asked for over a line; otherwise the way is as short in one piece.
    """

    def __init__(self, remote: Remote, format: Format, landing: Landing) -> None:
        """Look at `remote` when it has to be known; what comes of that goes to a path of `landing`."""
        self.is_far = isinstance(getattr(remote, "requests", None), Requests)
        self._remote = remote
        self._format = format
        self._landing = landing
        self._gives_all_at_once: bool | None = None
        self._lock = threading.Lock()

    def shares(self, blob: Named) -> bool:
        """Say whether a remote that is near makes a file share what it holds, without a copy."""
        if self.is_far:
            return False
        with self._lock:
            if self._gives_all_at_once is None:
                self._gives_all_at_once = self._gives_at_once(blob)
            return self._gives_all_at_once is not False

    def _gives_at_once(self, blob: Named) -> bool | None:
        """Say whether the remote tells of all of a large blob as soon as it tells of anything.

        Returns:
            None where that cannot be had as it should be: nothing is known of others then.
        """
        key = self._format.loose_key(blob.ref.oid)
        partial = self._landing.new_path()

        def look(size: int) -> None:
            if size < blob.ref.size:
                raise _PiecemealError

        try:
            if self._remote.stat(key) != blob.ref.size:
                return None
            self._remote.get(key, Path(partial), moved=look)
        except _PiecemealError:
            return False
        except (DvcliteError, OSError):
            return None  # Will be met again, and told.
        finally:
            discard(partial)
        return True
