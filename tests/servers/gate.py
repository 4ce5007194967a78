"""A gate in front of an S3 server: what a policy does not allow is answered as AWS answers it.

    python gate.py TARGET [--policy FILE] [--deny ACTION]... [--ignore-conditions]

It listens on a free port of 127.0.0.1, prints its address as the first line, and ends when it is
told to. FILE is a policy as IAM has them; without one all is allowed. ACTION is one as IAM has them,
or `conditional`: storing under the condition that nothing is there. With `--ignore-conditions`
such a condition does not reach the server. It knows buckets in paths, not in host names.
"""

import argparse
import fnmatch
import json
import re
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
CONDITION = "If-None-Match"


class Policy:
    """Who passes the gate."""

    def __init__(self, statements: list[dict[str, Any]], denied: list[str]) -> None:
        self._statements = statements
        self._denied = {*denied}

    def allows(self, action: str, resource: str) -> bool:
        return action not in self._denied and any(
            statement["Effect"] == "Allow"
            and matches(statement["Action"], action)
            and matches(statement["Resource"], resource)
            for statement in self._statements
        )

    def allows_conditions(self) -> bool:
        return "conditional" not in self._denied


def matches(patterns: str | list[str], value: str) -> bool:
    """Say whether one of a statement's patterns fits."""
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in listed)


def action_of(method: str, key: str, query: dict[str, list[str]]) -> str:
    """Return what IAM calls a request for a bucket, or for a key in it."""
    if not key:
        if "delete" in query:
            return "s3:DeleteObject"
        return "s3:ListBucketMultipartUploads" if "uploads" in query else "s3:ListBucket"
    if method in {"GET", "HEAD"}:
        return "s3:ListMultipartUploadParts" if "uploadId" in query else "s3:GetObject"
    if method == "DELETE":
        return "s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject"
    return "s3:PutObject"


class Gate(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    policy: Policy
    target: str
    ignores_conditions: bool
    _server: HTTPConnection | None = None

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        query = parse_qs(url.query, keep_blank_values=True)
        action = action_of(self.command, key, query)
        arn = f"arn:aws:s3:::{bucket}"
        if action == "s3:DeleteObject" and not key:
            self._delete(action, arn, body)
        elif not self.policy.allows(action, f"{arn}/{key}" if key else arn) or (
            CONDITION in self.headers and not self.policy.allows_conditions()
        ):
            self._answer(403, DENIED.encode())
        else:
            # Who may not list is not told that a key is absent.
            self._pass_on(body, tells_absence=self.policy.allows("s3:ListBucket", arn))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle_expect_100(self) -> bool:
        passed = super().handle_expect_100()
        self.wfile.flush()
        return passed

    def _delete(self, action: str, arn: str, body: bytes) -> None:
        """Delete many keys: such a request is never refused as a whole."""
        keys = re.findall(r"<Key>([^<]*)</Key>", body.decode())
        refused = [key for key in keys if not self.policy.allows(action, f"{arn}/{key}")]
        if not refused:
            self._pass_on(body)
            return
        errors = "".join(f"<Error><Key>{key}</Key>{DENIED[7:]}" for key in refused)
        self._answer(200, f"<DeleteResult>{errors}</DeleteResult>".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _pass_on(self, body: bytes, *, tells_absence: bool = True) -> None:
        if self._server is None:
            self._server = HTTPConnection(self.target)
        self._server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if not (self.ignores_conditions and name == CONDITION) and name != "Expect":
                self._server.putheader(name, value)
        self._server.endheaders(body or None)
        answer = self._server.getresponse()
        content = answer.read()
        if answer.status == 404 and not tells_absence:
            self._answer(403, DENIED.encode())
            return
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--policy")
    parser.add_argument("--deny", action="append", default=[])
    parser.add_argument("--ignore-conditions", action="store_true")
    options = parser.parse_args()
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    if options.policy:
        with open(options.policy) as file:
            statements = json.load(file)["Statement"]
    Gate.policy = Policy(statements, options.deny)
    Gate.target = urlsplit(options.target).netloc
    Gate.ignores_conditions = options.ignore_conditions
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
