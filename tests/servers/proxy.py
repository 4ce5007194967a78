"""A proxy in front of a server, which does to chosen requests what lines and servers do to them.

    python proxy.py TARGET

It listens on a free port of 127.0.0.1, prints its address as the first line, and ends when it is
told to. `PUT /-/rules` takes a JSON list of rules in place of those that held before; `GET /-/log`
answers with what has passed since, and to how many requests something was done:
`{"connections": 3, "struck": 1, "requests": ["GET /bucket/key 200", ...]}`.
A request of no rule is passed on. The first rule that fits a request and strikes is done to it:

    {"do": "answer", "status": 503, "body": "", "headers": {}}   answer in place of the server
    {"do": "reset", "after": 0}                reset the connection after so many bytes of the body
    {"do": "stall", "after": 0}                take so many bytes of the body, and no more
    {"do": "lose"}                             pass the request on, reset in place of the answer
    {"do": "truncate", "after": 10}            reset after so many bytes of the answer's body
    {"do": "delay", "seconds": 1}              wait before the request is passed on
    {"do": "throttle", "rate": 100000}         pass so many bytes a second each way
    {"do": "other"}                            change a byte of the answer, and its checksums go

Every rule may have `method` and `path`, regular expressions that fit as a whole, `least`, the
length of the body from which on it fits, `skip`, how many requests that fit pass before, and
`times`, how many it is then done to.
"""

import http.client
import json
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PIECE = 1 << 14
HOP = {"connection", "expect", "keep-alive", "transfer-encoding"}
CHECKSUMS = ("x-amz-checksum", "x-goog-hash")


class Rules:
    """What is done to which requests, and what has passed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.replace([])

    def replace(self, rules: list[dict]) -> None:
        with self._lock:
            self._rules = [{**rule, "seen": 0} for rule in rules]
            self.connections = self.struck = 0
            self.requests: list[str] = []
            self.times: list[float] = []

    def find(self, method: str, path: str, length: int) -> dict:
        with self._lock:
            for rule in self._rules:
                if (
                    not re.fullmatch(rule.get("method", ".*"), method)
                    or not re.fullmatch(rule.get("path", ".*"), path)
                    or length < rule.get("least", 0)
                ):
                    continue
                rule["seen"] += 1
                since = rule["seen"] - rule.get("skip", 0)
                if since > 0 and since <= rule.get("times", 1 << 30):
                    self.struck += 1
                    return rule
        return {"do": ""}

    def connected(self) -> None:
        with self._lock:
            self.connections += 1

    def passed(self, line: str) -> None:
        with self._lock:
            self.requests.append(line)
            self.times.append(time.monotonic())

    def log(self) -> bytes:
        with self._lock:
            log = {
                "connections": self.connections,
                "struck": self.struck,
                "requests": self.requests,
                "times": self.times,
            }
            return json.dumps(log).encode()


class BrokenOffError(Exception):
    """The connection has been reset."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    target: str
    rules: Rules
    _far: http.client.HTTPConnection | None = None
    _rule: dict
    _is_counted = False

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (BrokenOffError, ConnectionError, http.client.HTTPException):
            self.close_connection = True

    def finish(self) -> None:
        if self._far is not None:
            self._far.close()
        try:
            super().finish()
        except (OSError, ValueError):
            pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if self.path.startswith("/-/"):
            self._control(length)
            return
        if not self._is_counted:
            self._is_counted = True
            self.rules.connected()
        self._rule = self.rules.find(self.command, self.path, length)
        if self._rule["do"] == "delay":
            time.sleep(self._rule["seconds"])
        if self._rule["do"] == "answer":
            self._answer(length)
            return
        self._send(length)
        answer = self._far.getresponse()
        if self._rule["do"] == "lose":
            answer.read()
            self._reset()
        self._receive(answer)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _control(self, length: int) -> None:
        body = self.rfile.read(length)
        if self.command == "PUT":
            self.rules.replace(json.loads(body))
        log = self.rules.log()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(log)))
        self.end_headers()
        self.wfile.write(log)

    def _answer(self, length: int) -> None:
        while length:
            piece = self.rfile.read1(min(PIECE, length))
            if not piece:
                raise BrokenOffError
            length -= len(piece)
        body = self._rule.get("body", "").encode()
        self.rules.passed(f"{self.command} {self.path} {self._rule['status']}")
        self.send_response_only(self._rule["status"])
        for name, value in self._rule.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send(self, length: int) -> None:
        if self._far is None:
            place = urlsplit(self.target)
            self._far = http.client.HTTPConnection(place.hostname, place.port)
        self._far.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP:
                self._far.putheader(name, value)
        self._far.endheaders()
        passed = 0
        while passed < length:
            if self._rule["do"] in {"reset", "stall"} and passed >= self._rule["after"]:
                self._break_off()
            piece = self.rfile.read1(min(PIECE, length - passed))
            if not piece:
                self._far.close()
                raise BrokenOffError
            passed += len(piece)
            self._throttle(piece)
            self._far.send(piece)
        if self._rule["do"] in {"reset", "stall"}:
            self._break_off()

    def _receive(self, answer: http.client.HTTPResponse) -> None:
        self.rules.passed(f"{self.command} {self.path} {answer.status}")
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            is_checksum = name.lower().startswith(CHECKSUMS)
            if name.lower() not in HOP and not (is_checksum and self._rule["do"] == "other"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None and self.command != "HEAD":
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        passed = 0
        while piece := answer.read1(PIECE):
            if self._rule["do"] == "truncate" and passed + len(piece) > self._rule["after"]:
                self.wfile.write(piece[: self._rule["after"] - passed])
                self._reset()
            if self._rule["do"] == "other" and not passed:
                piece = bytes([piece[0] ^ 1]) + piece[1:]
            passed += len(piece)
            self._throttle(piece)
            self.wfile.write(piece)
        answer.close()

    def _throttle(self, piece: bytes) -> None:
        if self._rule["do"] == "throttle":
            time.sleep(len(piece) / self._rule["rate"])

    def _break_off(self) -> None:
        if self._rule["do"] == "stall":
            self.rules.passed(f"{self.command} {self.path} stalled")
            while True:
                time.sleep(3600)
        self._reset()

    def _reset(self) -> None:
        self.rules.passed(f"{self.command} {self.path} reset")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if self._far is not None:
            self._far.close()
        for stream in (self.rfile, self.connection):
            stream.close()
        raise BrokenOffError


def main() -> None:
    Handler.target = sys.argv[1]
    Handler.rules = Rules()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.request_queue_size = 128
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
