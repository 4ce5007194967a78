"""How DVC named blobs before its version 3: by the MD5 of text as Unix would write it.

Whether data is text is guessed from the beginning of each piece of a mebibyte, and a line end
that falls between two pieces stays as it is: what old pointers hold was made so.
"""

from hashlib import md5

from dvclite.hashing import Algorithm

MARK = "dos2unix-"
"""What these oids begin with here. In pointers, trees and keys they stand without it."""

_PIECE = 1 << 20
_LOOKED_AT = 512
_TEXT = bytes(range(32, 127)) + b"\n\r\t\f\b"
_MOST_OTHER = 0.3


class _Hasher:
    """An incremental hash of pieces of equal length, each with its line ends as Unix has them."""

    def __init__(self) -> None:
        self._md5 = md5(usedforsecurity=False)
        self._piece = bytearray()

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        view = memoryview(data)
        while view:
            taken = _PIECE - len(self._piece)
            self._piece += view[:taken]
            view = view[taken:]
            if len(self._piece) == _PIECE:
                self._md5.update(_as_unix(self._piece))
                self._piece.clear()

    def hexdigest(self) -> str:
        whole = self._md5.copy()
        whole.update(_as_unix(self._piece))
        return MARK + whole.hexdigest()


def _as_unix(piece: bytearray) -> bytes:
    return bytes(piece).replace(b"\r\n", b"\n") if _is_text(piece[:_LOOKED_AT]) else bytes(piece)


def _is_text(beginning: bytearray) -> bool:
    if 0 in beginning:
        return False
    return len(beginning.translate(None, _TEXT)) <= _MOST_OTHER * len(beginning)


DOS2UNIX = Algorithm("md5-dos2unix", 32, cryptographic=False, new=_Hasher, slow=True, mark=MARK)
