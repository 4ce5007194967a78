"""A long line to a server: a relay that lets every byte take its time, and counts requests and bytes.

    python line.py HOST:PORT SECONDS

It listens on a free port of 127.0.0.1 and prints its address as the first line. SECONDS is how long a
round trip takes: half of it is how long it holds whatever comes, in each direction, and a new
connection waits for one. How much passes at a time is not limited. For each line that it reads from
its standard input it prints a line of JSON with what has passed since the last: requests, by method
too, bytes of the bodies' and heads' both ways, connections. It ends when its standard input does.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

PIECE = 1 << 18
ON_THE_WAY = 256
"""How many pieces may be on their way in one direction of a connection."""


class Requests:
    """Tells where in a client's stream requests begin."""

    def __init__(self, counts):
        self._counts = counts
        self._head = b""
        self._body = 0
        self._chunked = False

    def feed(self, data):
        while data:
            if self._body:
                skipped = min(self._body, len(data))
                self._body -= skipped
                data = data[skipped:]
            else:
                data = self._line(data)

    def _line(self, data):
        """Take what belongs to a head, or to the line before a chunk; return the rest."""
        mark = b"\r\n" if self._chunked else b"\r\n\r\n"
        self._head += data
        end = self._head.find(mark)
        if end < 0:
            return b""
        head, rest = self._head[:end], self._head[end + len(mark) :]
        self._head = b""
        if self._chunked:
            size = int(head.split(b";")[0] or b"0", 16)
            self._body = size + 2 if size else 0
            self._chunked = size > 0
            return rest if size else rest.removeprefix(b"\r\n")
        self._begin(head)
        return rest

    def _begin(self, head):
        first, *fields = head.decode("latin-1").lstrip().split("\r\n")
        self._counts[first.split(" ")[0]] += 1
        named = {
            name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)
        }
        self._chunked = named.get("transfer-encoding", "").lower() == "chunked"
        self._body = 0 if self._chunked else int(named.get("content-length", 0))


class Line:
    """The relay."""

    def __init__(self, host, port, seconds):
        self._far = (host, port)
        self._seconds = seconds
        self.passed = Counter()
        self.methods = Counter()

    async def serve(self):
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0, limit=PIECE)
        port = server.sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            requests = {"requests": self.methods.total(), "methods": dict(self.methods)}
            print(json.dumps({**requests, **self.passed}), flush=True)
            self.passed.clear()
            self.methods.clear()
        server.close()

    async def _connect(self, near_reader, near_writer):
        self.passed["connections"] += 1
        await asyncio.sleep(self._seconds)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._far, limit=PIECE)
        except OSError:
            near_writer.close()
            return
        requests = Requests(self.methods)
        await asyncio.gather(
            self._pass_on(near_reader, far_writer, "sent", requests.feed),
            self._pass_on(far_reader, near_writer, "received", lambda _data: None),
            return_exceptions=True,
        )
        near_writer.close()
        far_writer.close()

    async def _pass_on(self, reader, writer, name, look):
        """Pass one direction on until it ends."""
        on_the_way = asyncio.Queue(ON_THE_WAY)
        arriving = asyncio.ensure_future(self._arrive(on_the_way, writer))
        loop = asyncio.get_running_loop()
        try:
            while data := await reader.read(PIECE):
                self.passed[name] += len(data)
                look(data)
                await on_the_way.put((loop.time() + self._seconds / 2, data))
        except OSError:
            pass
        await on_the_way.put((0.0, b""))
        await arriving

    async def _arrive(self, on_the_way, writer):
        loop = asyncio.get_running_loop()
        broken = False
        while True:
            due, data = await on_the_way.get()
            if not data:
                break
            if broken:
                continue
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                broken = True
        if writer.can_write_eof() and not broken:
            writer.write_eof()


@contextmanager
def stretched(target, seconds):
    """Run a line to the address `target`; yield its own address, and what tells the counts."""
    command = [sys.executable, __file__, target, str(seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def count():
        process.stdin.write("\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    try:
        yield process.stdout.readline().strip(), count
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


if __name__ == "__main__":
    host, _, port = sys.argv[1].partition(":")
    asyncio.run(Line(host, int(port), float(sys.argv[2])).serve())
