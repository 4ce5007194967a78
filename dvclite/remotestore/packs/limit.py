"""How long a pack may be that is on its way."""

from dvclite.errors import PackDamagedError
from dvclite.files.copying import OnBytes
from dvclite.remotestore.packs.gauge import Gauge


class Limit:
    """Breaks a download off that is longer than its pack."""

    def __init__(self, pack: str, size: int, gauge: Gauge, moved: OnBytes) -> None:
        """Tell `gauge` of up to `size` bytes, and let `moved` interrupt."""
        self._pack = pack
        self._left = size
        self._gauge = gauge
        self._moved = moved

    def count(self, size: int) -> None:
        """Take note of bytes that came.

        Raises:
            PackDamagedError: They are too many.
        """
        self._left -= size
        if self._left < 0:
            raise PackDamagedError(self._pack, "it is longer than it was when it was listed")
        self._moved(0)
        self._gauge.move(size)
