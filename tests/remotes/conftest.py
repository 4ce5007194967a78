"""Buckets on the servers that remotes are tried on, and remotes in them."""

import functools
import importlib.util
import json
import os
import secrets
import urllib.request

import pytest

SECRET = "canary-secret-7d1f"
CALLS = {
    "stat": lambda remote, path: remote.stat("k"),
    "list": lambda remote, path: list(remote.list("")),
    "put": lambda remote, path: remote.put("k", path),
    "put if absent": lambda remote, path: remote.put("k", path, if_absent=True),
    "get": lambda remote, path: remote.get("k", path.with_name("out")),
    "read": lambda remote, path: remote.read("k", 0, 1),
    "delete": lambda remote, path: remote.delete(["k"]),
}


@pytest.fixture(scope="session", autouse=True)
def descriptions_read_once():
    """Let all sessions of boto3 share what they read of its descriptions of services: a megabyte."""
    if importlib.util.find_spec("botocore") is None:
        yield
        return
    import botocore.session

    with pytest.MonkeyPatch.context() as patch:
        shared = functools.cache(botocore.session.create_loader)
        patch.setattr(botocore.session, "create_loader", shared)
        yield


class S3Bench:
    """A bucket on an S3 server, and remotes in it."""

    def __init__(self, endpoint, **client):
        self.endpoint = endpoint
        self.bucket = f"bucket-{secrets.token_hex(6)}"
        self.options = {
            "endpointurl": endpoint,
            "region": "us-east-1",
            "access_key_id": "AKIATEST",
            "secret_access_key": SECRET,
        }
        self.client = s3_client(endpoint, **client)
        self.client.create_bucket(Bucket=self.bucket)
        self._opened = []

    def open(self, prefix="", *, bucket=None, without=(), **options):
        import dvclite_s3

        chosen = {**self.options, **options}
        for name in without:
            del chosen[name]
        remote = dvclite_s3.open(f"s3://{bucket or self.bucket}/{prefix}", chosen)
        self._opened.append(remote)
        return remote

    def keep(self, name, data):
        """Store bytes under a name in the bucket, without a remote."""
        self.client.put_object(Bucket=self.bucket, Key=name, Body=data)

    def close(self):
        for remote in self._opened:
            remote.close()


@functools.cache
def s3_client(endpoint, **client):
    """A client of the SDK's for what is done beside a remote: one for all, since it takes long to make."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key=SECRET,
        **client,
    )


class GCSBench:
    """A bucket on a Google Cloud Storage server, and remotes in it."""

    def __init__(self, endpoint):
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        self.endpoint = endpoint
        self.options = {"endpointurl": endpoint, "allow_anonymous_login": "true"}
        self.client = storage.Client(
            project="test",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": endpoint},
        )
        self.bucket = self.client.create_bucket(f"bucket-{secrets.token_hex(6)}")
        self._opened = []

    def open(self, prefix="", *, bucket=None, without=(), **options):
        import dvclite_gcs

        chosen = {**self.options, **options}
        for name in without:
            del chosen[name]
        remote = dvclite_gcs.open(f"gs://{bucket or self.bucket.name}/{prefix}", chosen)
        self._opened.append(remote)
        return remote

    def keep(self, name, data):
        """Store bytes under a name in the bucket, without a remote."""
        self.bucket.blob(name).upload_from_string(data)

    def grant(self, **members):
        """Set who may do what: `grant(objectViewer="allUsers")`, and nobody else anything."""
        policy = self.bucket.get_iam_policy()
        policy.bindings = [
            {"role": f"roles/storage.{role}", "members": {member}}
            for role, member in members.items()
        ]
        self.bucket.set_iam_policy(policy)

    def close(self):
        for remote in self._opened:
            remote.close()
        self.client.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """The paths of a certificate for 127.0.0.1, which nobody signed, and of its key."""
    import datetime as dt
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@pytest.fixture(scope="session")
def moto_over_tls(serve, certificate):
    """The address of a moto server that speaks TLS."""
    pytest.importorskip("moto")
    return serve("moto_server.py", *certificate)


@pytest.fixture
def s3(moto):
    bench = S3Bench(moto)
    yield bench
    bench.close()


@pytest.fixture
def new_s3(localstack):
    bench = S3Bench(localstack)
    yield bench
    bench.close()


@pytest.fixture
def s3_bench():
    """Make benches on servers of a test's own: `s3_bench(address, **client arguments)`."""
    benches = []

    def s3_bench(endpoint, **client):
        benches.append(S3Bench(endpoint, **client))
        return benches[-1]

    yield s3_bench
    for bench in benches:
        bench.close()


@pytest.fixture
def gcs(gcs_server):
    bench = GCSBench(gcs_server)
    yield bench
    bench.close()


@pytest.fixture
def gcs_bench():
    """Make benches on servers of a test's own: `gcs_bench(address)`."""
    benches = []

    def gcs_bench(endpoint):
        benches.append(GCSBench(endpoint))
        return benches[-1]

    yield gcs_bench
    for bench in benches:
        bench.close()


@pytest.fixture(params=["s3", "gcs"])
def cloud(request):
    """A bench of one cloud after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def calls():
    """One call of each method, by name: `calls["put"](remote, path)`."""
    return CALLS


@pytest.fixture(params=CALLS)
def call(request):
    """One call after the other."""
    return CALLS[request.param]


@pytest.fixture
def fails():
    """Return the error that a call must end with; its texts must not hold the secret."""

    def fails(kind, call, remote, path):
        with pytest.raises(kind) as caught:
            call(remote, path)
        assert type(caught.value) is kind
        assert SECRET not in str(caught.value) + caught.value.hint
        return caught.value

    return fails


@pytest.fixture
def source(tmp_path):
    """Make a file: `source(content or size) -> path`."""
    made = []

    def source(content):
        path = tmp_path / f"source-{len(made)}"
        path.write_bytes(os.urandom(content) if isinstance(content, int) else content)
        made.append(path)
        return path

    return source


class Proxy:
    """What a proxy does, and what passed through it."""

    def __init__(self, address):
        self.address = address

    def rules(self, *rules):
        """Let these rules hold from now on, and begin the log anew."""
        body = json.dumps(rules).encode()
        self._ask(urllib.request.Request(f"{self.address}/-/rules", body, method="PUT"))

    def log(self):
        """Return the number of connections and the requests since rules were set."""
        log = self._ask(f"{self.address}/-/log")
        return log["connections"], log["requests"]

    def struck(self):
        """Return to how many requests something was done since rules were set."""
        return self._ask(f"{self.address}/-/log")["struck"]

    def timed(self):
        """Return the requests since rules were set, each with the seconds after the first."""
        log = self._ask(f"{self.address}/-/log")
        return [
            (line, time - log["times"][0])
            for line, time in zip(log["requests"], log["times"], strict=True)
        ]

    def puts(self, status="200"):
        """Return how often content was put since rules were set."""
        return len([line for line in self.log()[1] if self._is_put(line, status)])

    def _is_put(self, line, status):
        method, _, rest = line.partition(" ")
        path, _, answer = rest.rpartition(" ")
        return answer == status and (
            (method == "PUT" and "uploadId" not in path and "/upload/" not in path)
            or (method == "POST" and "uploadType=multipart" in path)
        )

    def _ask(self, request):
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def proxies(serve):
    """Put a proxy before a server, one for all tests: `proxies(address) -> Proxy`."""
    made = {}

    def proxies(target):
        if target not in made:
            made[target] = Proxy(serve("proxy.py", target))
        return made[target]

    return proxies
