"""A Google Cloud Storage server for the tests, on the standard library alone.

    python gcs_server.py [--account EMAIL MODULUS]... [--role NAME PERMISSIONS]...

It listens on a free port of 127.0.0.1, prints its address as the first line, and ends when it is
told to. What it does with requests is `gcs_service`; here are HTTP, batches of requests, and
credentials: an account may ask at `/token` for an access token with a claim that its private key
signed, as Google's token server wants it. MODULUS is the public key's, in hex; its exponent is
65537. A role of one's own has the PERMISSIONS that are listed with commas: `get,list`. `/log` answers
with the requests so far, one a line.
"""

import argparse
import base64
import hashlib
import json
import secrets
import time
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

from gcs_model import Answer, RefusedError, Request, as_json
from gcs_service import Service

MOST_IN_BATCH = 100
TOKEN_SECONDS = 3600
# PKCS #1: what stands before a SHA-256 digest in a signature.
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


class Tokens:
    """Who may ask, and what they were given to show for it."""

    def __init__(self, accounts: dict[str, int]) -> None:
        self._accounts = accounts
        self._tokens: dict[str, tuple[str, float]] = {}

    def issue(self, form: str) -> Answer:
        """Return an access token for a signed claim, or say why not."""
        try:
            email = self._verify(parse_qs(form)["assertion"][0])
        except (KeyError, ValueError) as error:
            return as_json(400, {"error": "invalid_grant", "error_description": str(error)})
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (email, time.time() + TOKEN_SECONDS)
        return as_json(
            200, {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}
        )

    def caller(self, authorization: str) -> str:
        """Return who shows a header `Authorization`."""
        if not authorization:
            return "allUsers"
        email, expires = self._tokens.get(authorization.removeprefix("Bearer "), ("", 0.0))
        if time.time() > expires:
            raise RefusedError(401, "authError", "Invalid Credentials")
        return f"serviceAccount:{email}"

    def _verify(self, assertion: str) -> str:
        head, claims, signature = (unpadded(part) for part in assertion.split("."))
        claim = json.loads(claims)
        email = claim["iss"]
        modulus = self._accounts.get(email)
        if modulus is None:
            raise ValueError("Invalid grant: account not found")
        if (
            json.loads(head)["alg"] != "RS256"
            or not claim["iat"] - 300 < time.time() < claim["exp"]
        ):
            raise ValueError("Invalid JWT: Token must be a short-lived token")
        if "https://www.googleapis.com/auth/devstorage." not in claim.get("scope", ""):
            raise ValueError("invalid_scope: no scope of storage was asked for")
        length = (modulus.bit_length() + 7) // 8
        signed = assertion.rpartition(".")[0].encode()
        digest = DIGEST_INFO + hashlib.sha256(signed).digest()
        expected = b"\x00\x01" + b"\xff" * (length - len(digest) - 3) + b"\x00" + digest
        if pow(int.from_bytes(signature, "big"), 65537, modulus) != int.from_bytes(expected, "big"):
            raise ValueError("Invalid JWT Signature.")
        return str(email)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    service: Service
    tokens: Tokens

    def do_GET(self) -> None:
        body, is_cut = self._body()
        answer = self._answer(body, is_cut=is_cut)
        if is_cut:
            self.close_connection = True
            return
        self.send_response_only(answer.status, "OK" if answer.status == 499 else None)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815  the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _body(self) -> tuple[bytes, bool]:
        """Return the request's body, and whether the connection broke within it."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = bytearray()
            while length := int(self.rfile.readline().strip() or b"0", 16):
                body += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
            return bytes(body), False
        length = int(self.headers.get("Content-Length", 0))
        parts = []
        try:
            while length and (part := self.rfile.read1(min(length, 1 << 20))):
                parts.append(part)
                length -= len(part)
        except ConnectionError:
            pass
        return b"".join(parts), length > 0

    def _answer(self, body: bytes, *, is_cut: bool) -> Answer:
        url = urlsplit(self.path)
        if url.path == "/token":
            return self.tokens.issue(body.decode())
        if url.path == "/log":
            return Answer(200, "\n".join(self.service.requests).encode())
        try:
            caller = self.tokens.caller(self.headers.get("Authorization", ""))
        except RefusedError as refusal:
            detail = {
                "code": 401,
                "message": refusal.message,
                "errors": [{"reason": refusal.reason}],
            }
            return as_json(401, {"error": detail}, {"WWW-Authenticate": "Bearer"})
        if self.command == "POST" and url.path == "/batch/storage/v1":
            return self._batch(body, caller)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        return self.service.answer(
            Request(self.command, url.path, query, headers, body, caller, is_cut)
        )

    def _batch(self, body: bytes, caller: str) -> Answer:
        kind = self.headers["Content-Type"].encode()
        parts = (
            BytesParser().parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + body).get_payload()
        )
        if not isinstance(parts, list) or not 0 < len(parts) <= MOST_IN_BATCH:
            return as_json(400, {"error": {"code": 400, "message": "too many parts", "errors": []}})
        self.service.requests.append("POST /batch/storage/v1")
        mark = secrets.token_hex(8)
        answers = []
        for number, part in enumerate(parts, 1):
            answer = self.service.answer(self._inner(part.get_payload(decode=True), caller))
            lines = [
                f"--batch_{mark}",
                "Content-Type: application/http",
                f"Content-ID: <response-{number}>",
                "",
                f"HTTP/1.1 {answer.status} {self.responses[answer.status][0]}",
                *(f"{name}: {value}" for name, value in answer.headers.items()),
                "",
                answer.body.decode(),
            ]
            answers.append("\r\n".join(lines) + "\r\n")
        text = "".join(answers) + f"--batch_{mark}--\r\n"
        return Answer(
            200, text.encode(), {"Content-Type": f"multipart/mixed; boundary=batch_{mark}"}
        )

    def _inner(self, part: bytes, caller: str) -> Request:
        head, _, body = part.replace(b"\r\n", b"\n").partition(b"\n\n")
        first, *fields = head.decode().split("\n")
        method, target, _version = first.split(" ")
        url = urlsplit(target)
        headers = {
            name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)
        }
        return Request(method, url.path, dict(parse_qsl(url.query)), headers, body, caller)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--account", nargs=2, action="append", default=[])
    arguments.add_argument("--role", nargs=2, action="append", default=[])
    options = arguments.parse_args()
    accounts = {email: int(modulus, 16) for email, modulus in options.account}
    Handler.service = Service({name: {*allowed.split(",")} for name, allowed in options.role})
    Handler.tokens = Tokens(accounts)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
