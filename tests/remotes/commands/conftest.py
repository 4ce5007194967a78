"""Repositories whose remote is a bucket behind a proxy that does what a test asks of it."""

import json
import os
import shutil

import pytest

SECRET = "canary-secret-7d1f"


class S3Cloud:
    """An S3 bucket for a repository."""

    name, scheme = "s3", "s3"

    def __init__(self, bench, proxy):
        body = "<Error><Code>ExpiredToken</Code></Error>"
        self.expired = {"do": "answer", "status": 400, "body": body}
        self.put = {"method": "PUT", "path": "/bucket-.*"}
        self.get = {"method": "GET", "path": "/bucket-.*/.*[0-9a-f]{32}.*"}
        self.list = {"method": "GET", "path": r".*list-type=2.*"}
        self.bench = bench
        self.proxy = proxy
        self.url = f"s3://{bench.bucket}/some/prefix"

    def configure(self, repo):
        for words in (
            ("endpointurl", self.proxy.address),
            ("region", "us-east-1"),
            ("access_key_id", "AKIATEST"),
            ("secret_access_key", SECRET),
        ):
            assert repo.invoke("remote", "modify", "cloud", *words).exit_code == 0

    def refusal(self, status):
        code = {429: "SlowDown", 500: "InternalError", 503: "SlowDown", 403: "AccessDenied"}[status]
        body = f"<Error><Code>{code}</Code></Error>"
        return {"do": "answer", "status": status, "body": body}

    def names(self):
        pages = self.bench.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bench.bucket
        )
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def content(self, key):
        return self.bench.client.get_object(Bucket=self.bench.bucket, Key=key)["Body"].read()

    def store(self, key, data):
        self.bench.client.put_object(Bucket=self.bench.bucket, Key=key, Body=data)

    def unfinished(self):
        answer = self.bench.client.list_multipart_uploads(Bucket=self.bench.bucket)
        return [upload["Key"] for upload in answer.get("Uploads", ())]


class GCSCloud:
    """A Google Cloud Storage bucket for a repository."""

    name, scheme = "gcs", "gs"

    def __init__(self, bench, proxy):
        self.expired = {
            "do": "answer",
            "status": 401,
            "body": '{"error": {"code": 401, "errors": [{"reason": "authError"}]}}',
            "headers": {"Content-Type": "application/json"},
        }
        self.put = {"method": "POST|PUT", "path": "/upload/.*"}
        self.get = {"method": "GET", "path": "/download/.*"}
        self.list = {"method": "GET", "path": r"/storage/v1/b/[^/]+/o\?.*"}
        self.bench = bench
        self.proxy = proxy
        self.url = f"gs://{bench.bucket.name}/some/prefix"

    def configure(self, repo):
        for words in (("endpointurl", self.proxy.address), ("allow_anonymous_login", "true")):
            assert repo.invoke("remote", "modify", "cloud", *words).exit_code == 0

    def refusal(self, status):
        reason = {429: "rateLimitExceeded", 403: "forbidden"}.get(status, "backendError")
        body = json.dumps({"error": {"code": status, "errors": [{"reason": reason}]}})
        headers = {"Content-Type": "application/json"}
        return {"do": "answer", "status": status, "body": body, "headers": headers}

    def names(self):
        return [blob.name for blob in self.bench.bucket.list_blobs()]

    def content(self, key):
        return self.bench.bucket.blob(key).download_as_bytes()

    def store(self, key, data):
        self.bench.bucket.blob(key).upload_from_string(data)

    def unfinished(self):
        return []


@pytest.fixture(params=["s3", "gcs"])
def cloud(request, proxies):
    """A bucket behind a proxy."""
    bench = request.getfixturevalue(request.param)
    proxy = proxies(bench.endpoint)
    proxy.rules()
    yield (S3Cloud if request.param == "s3" else GCSCloud)(bench, proxy)
    proxy.rules()


@pytest.fixture
def s3_cloud(s3, proxies):
    proxy = proxies(s3.endpoint)
    proxy.rules()
    yield S3Cloud(s3, proxy)
    proxy.rules()


@pytest.fixture
def quick_to_give_up(monkeypatch):
    """Lets the SDK for S3 try but twice: how long it waits is no matter of ours."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")


class Line:
    """A repository, a colleague's clone of it, and the bucket between them."""

    def __init__(self, repo, cloud, tmp_path):
        self.repo = repo
        self.cloud = cloud
        self.proxy = cloud.proxy
        self._clone = tmp_path / "clone"

    def add(self, **files):
        """Add a folder `data` of files with content, or so many random bytes."""
        for name, content in files.items():
            data = os.urandom(content) if isinstance(content, int) else content
            self.repo.write(f"data/{name}", data)
        done = self.repo.invoke("add", "data")
        assert done.exit_code == 0, done.stderr
        self.repo.commit("Data")

    def clone(self):
        """Return a fresh clone, which has no data yet."""
        if self._clone.exists():
            shutil.rmtree(self._clone)
        self.repo.git("clone", "--quiet", self.repo.root, self._clone)
        clone = type(self.repo)(self._clone)
        local = self.repo.root / ".dvclite/config.local"
        if local.exists():
            shutil.copy(local, clone.root / ".dvclite/config.local")
        return clone

    def has_all(self, clone):
        """Whether a clone has the data byte for byte."""
        return {path.name: path.read_bytes() for path in (clone.root / "data").iterdir()} == {
            path.name: path.read_bytes() for path in (self.repo.root / "data").iterdir()
        }


def line_between(repo, cloud, tmp_path, layout):
    assert repo.invoke("remote", "add", "-d", "cloud", cloud.url).exit_code == 0
    cloud.configure(repo)
    if layout == "loose":
        repo.invoke("remote", "modify", "cloud", "layout", "loose")
    repo.commit("Name a remote")
    return Line(repo, cloud, tmp_path)


@pytest.fixture
def new_line():
    """Names a bucket in a repository: `new_line(repo, cloud, tmp_path, layout) -> Line`."""
    return line_between


@pytest.fixture
def line(repo, cloud, tmp_path):
    """A repository with a remote of packs."""
    return line_between(repo, cloud, tmp_path, "packs")


@pytest.fixture
def loose_line(repo, cloud, tmp_path):
    """A repository with a remote of loose blobs."""
    return line_between(repo, cloud, tmp_path, "loose")


@pytest.fixture(params=["packs", "loose"])
def any_line(request, repo, cloud, tmp_path):
    """A repository with a remote of one layout or the other."""
    return line_between(repo, cloud, tmp_path, request.param)


@pytest.fixture
def s3_line(repo, s3_cloud, tmp_path):
    """A repository with an S3 remote of loose blobs."""
    return line_between(repo, s3_cloud, tmp_path, "loose")
