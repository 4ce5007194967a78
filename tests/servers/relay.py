"""A relay in front of a server, which spoils the first connections and then passes all on.

    python relay.py TARGET WHAT BYTES TIMES

It listens on a free port of 127.0.0.1, prints its address as the first line, and ends when it is
told to. WHAT it does to TIMES connections, once they have carried so many BYTES of bodies:

    cut-request, cut-answer         close the connection
    damage-request, damage-answer   change the next byte
    lose-answer                     pass the request on, close the connection instead of the answer

A connection that never carries so much is not spoilt and not counted. Interim answers (100) are
passed on as they are.
"""

import socket
import sys
import threading
from urllib.parse import urlsplit

PIECE = 1 << 16
INTERIM = b"HTTP/1.1 100"


class Spoiler:
    """Counts what is still to be spoilt, for all connections together."""

    def __init__(self, what: str, size: int, times: int) -> None:
        self.what, self.direction = what.split("-")
        self.size = size
        self._left = times
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Say whether one more connection is to be spoilt, and count it."""
        with self._lock:
            self._left -= 1
            return self._left >= 0


class Stream:
    """One direction of a connection; knows where in a message it is."""

    def __init__(self, spoiler: Spoiler, direction: str) -> None:
        self._spoiler = spoiler if spoiler.direction == direction else None
        self._head = bytearray()
        self._in_body = False
        self._seen = 0

    def pass_on(self, data: bytes) -> bytes | None:
        """Return what is to be sent on; None to close the connection."""
        if self._spoiler is None:
            return data
        if self._spoiler.what == "lose":
            return data if data.startswith(INTERIM) or not self._spoiler.take() else None
        start = 0 if self._in_body else self._body_start(data)
        if not self._in_body:
            return data
        offset = start + self._spoiler.size - self._seen
        self._seen += len(data) - start
        if not 0 <= offset < len(data) or not self._spoiler.take():
            return data
        if self._spoiler.what == "cut":
            return None
        return data[:offset] + bytes([data[offset] ^ 0x20]) + data[offset + 1 :]

    def _body_start(self, data: bytes) -> int:
        before = len(self._head)
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if self._head.startswith(INTERIM) and end >= 0:
            del self._head[: end + 4]
            before, end = before - end - 4, self._head.find(b"\r\n\r\n")
        self._in_body = end >= 0
        return end + 4 - before


def pump(source: socket.socket, target: socket.socket, stream: Stream) -> None:
    try:
        while data := source.recv(PIECE):
            onward = stream.pass_on(data)
            if onward is None:
                break
            target.sendall(onward)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main() -> None:
    target, what, size, times = sys.argv[1:]
    spoiler = Spoiler(what, int(size), int(times))
    place = urlsplit(target)
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    while True:
        near, _ = listener.accept()
        far = socket.create_connection((place.hostname, place.port))
        for source, sink, direction in ((near, far, "request"), (far, near, "answer")):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = Stream(spoiler, direction)
            threading.Thread(target=pump, args=(source, sink, stream), daemon=True).start()


if __name__ == "__main__":
    main()
