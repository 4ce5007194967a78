"""The servers that tests may ask for: processes of their own, on 127.0.0.1, ended by their ids.

`tests/conftest.py` makes these fixtures known to every test.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dvclite.files.locks import hold

SERVERS = Path(__file__).parent
PATIENCE = 20.0
KEY, SECRET = "AKIATEST", "canary-secret-7d1f"
"""The credentials of the one user whom S3 servers know, unless they accept any."""


@pytest.fixture(scope="session")
def serve(session_home, tmp_path_factory):
    """Start a server: `serve("gcs_server.py", *arguments) -> its address`, until the tests end."""
    started = []

    def serve(script, *arguments, python=sys.executable, env=None):
        log = tmp_path_factory.mktemp("server") / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [python, str(SERVERS / script), *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, **(env or {})},
            )
        started.append(process)
        address = process.stdout.readline().strip()
        assert address.startswith("http"), log.read_text()
        return address

    yield serve
    for process in started:
        process.terminate()
    for process in started:
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture(scope="session")
def relay(serve):
    """Put a relay before a server: `relay(address, what, size, times) -> its own address`."""

    def relay(target, what, size, times):
        return serve("relay.py", target, what, size, times)

    return relay


@pytest.fixture
def canned():
    """Start a server that has one answer: `canned(status, body, headers) -> its address`.

    What it was asked stands in `canned.asked`, as lines and headers.
    """
    servers, asked = [], []

    def canned(status, body=b"", headers=None):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.append((self.requestline, dict(self.headers.items())))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response_only(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

            def log_message(self, format, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    canned.asked = asked
    yield canned
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def moto(serve):
    """The address of a moto server."""
    pytest.importorskip("moto")
    return serve("moto_server.py")


@pytest.fixture(scope="session")
def localstack(serve, tmp_path_factory):
    """The address of a LocalStack server, installed into an environment of its own at first use."""
    if not os.environ.get("TEST_THOROUGHLY"):
        pytest.skip("takes minutes to install: TEST_THOROUGHLY=1 asks for LocalStack")
    python = installed("localstack")
    return serve("localstack_server.py", tmp_path_factory.mktemp("localstack"), python=str(python))


@pytest.fixture(scope="session")
def aws_cli():
    """The path of the AWS command line, installed into an environment of its own at first use."""
    return installed("awscli").with_name("aws")


def installed(name):
    """Return the Python of an environment with what a file lists; made where it is not there."""
    folder = SERVERS.parents[1] / f".venv-{name}"
    python = folder / "bin" / "python"
    requirements = SERVERS / f"{name}.txt"
    stamp, wanted = folder / "installed.txt", requirements.read_text()
    with hold(f"{folder}-lock", seconds=600):  # Of several processes that test, one installs.
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = [python, "-m", "pip", "install", "--quiet", "--requirement"]
            subprocess.run([*pip, requirements], check=True)
            stamp.write_text(wanted)
    return python


@pytest.fixture(scope="session")
def gcs_server(serve):
    """The address of a Google Cloud Storage server in which everybody may do everything."""
    return serve("gcs_server.py")


@pytest.fixture(scope="session")
def ceph(serve, tmp_path_factory):
    """The address of a Ceph gateway, where Ceph is installed."""
    if shutil.which("radosgw") is None or shutil.which("ceph-osd") is None:
        pytest.skip("no Ceph: apt-get install ceph-mon ceph-osd radosgw")
    # Its sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="ceph", ignore_cleanup_errors=True) as folder:
        yield serve("ceph_server.py", Path(folder, "c"), KEY, SECRET)


@pytest.fixture(scope="session")
def gate(serve):
    """Put a gate before an S3 server: `gate(address, "--deny", action) -> its own address`."""

    def gate(target, *options):
        return serve("gate.py", target, *options)

    return gate


EMAIL = "robot@project.iam.gserviceaccount.com"
PERMISSIONS = ("create", "delete", "get", "list")


@dataclass(frozen=True, slots=True)
class GuardedServer:
    """A Google Cloud Storage server that knows one service account.

    Attributes:
        address: Its address.
        key: What stands in the account's key file.
        member: What the account is called in policies.
    """

    address: str
    key: dict[str, str]
    member: str

    def grant(self, bucket, *roles):
        """Let the account have roles in a bucket, and nobody anything else."""
        policy = {"bindings": [{"role": role, "members": [self.member]} for role in roles]}
        request = urllib.request.Request(
            f"{self.address}/storage/v1/b/{bucket}/iam", json.dumps(policy).encode(), method="PUT"
        )
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="session")
def guarded_gcs_server(serve):
    """A server with one account, and roles that lack one permission: `projects/p/roles/noget`."""
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import serialization

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    modulus = f"{private.public_key().public_numbers().n:x}"
    roles = [
        word
        for name in PERMISSIONS
        for rest in [",".join(it for it in PERMISSIONS if it != name)]
        for word in ("--role", f"projects/p/roles/no{name}", rest)
    ]
    address = serve("gcs_server.py", "--account", EMAIL, modulus, *roles)
    key = {
        "type": "service_account",
        "project_id": "project",
        "client_email": EMAIL,
        "private_key_id": "1",
        "private_key": pem,
        "token_uri": f"{address}/token",
    }
    return GuardedServer(address, key, f"serviceAccount:{EMAIL}")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket on a server that this process and those that it starts find by themselves.

    Attributes:
        name: Its name.
        names: Returns the names below a prefix of what is in it.
    """

    name: str
    names: Callable[[str], list[str]]

    def holds(self, prefix):
        return bool(self.names(prefix))


@pytest.fixture
def s3_server(request, monkeypatch):
    """Let SDKs find an S3 server with its credentials: `s3_server("moto") -> a client for it`."""
    boto3 = pytest.importorskip("boto3")
    clients = []

    def s3_server(server):
        settings = {
            "AWS_ENDPOINT_URL": request.getfixturevalue(server),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }
        if server == "ceph":
            settings["AWS_REQUEST_CHECKSUM_CALCULATION"] = "when_required"
            settings["AWS_RESPONSE_CHECKSUM_VALIDATION"] = "when_required"
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        clients.append(boto3.Session().client("s3"))
        return clients[-1]

    yield s3_server
    for client in clients:
        client.close()


@pytest.fixture
def s3_bucket(s3_server):
    """Make a bucket on an S3 server that SDKs find: `s3_bucket("moto", name) -> Bucket`."""

    def s3_bucket(server, name=None):
        client = s3_server(server)
        name = name or f"bucket-{secrets.token_hex(6)}"
        client.create_bucket(Bucket=name)

        def names(prefix):
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", ())]

        return Bucket(name, names)

    return s3_bucket


@pytest.fixture
def gcs_bucket(gcs_server, monkeypatch):
    """A bucket on a Google Cloud Storage server that SDKs find."""
    storage = pytest.importorskip("google.cloud.storage")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    client = storage.Client(project="test")
    name = client.create_bucket(f"bucket-{secrets.token_hex(6)}").name
    yield Bucket(name, lambda prefix: [it.name for it in client.list_blobs(name, prefix=prefix)])
    client.close()
