"""Buckets in which files are put in small parts, and what others see of these."""

import re
import threading
import urllib.request

import pytest

from dvclite.remote import Spared

MIB = 1 << 20


class Parted:
    """A bucket into which files go in parts of 5 MiB, below `p/`."""

    def __init__(self, bench):
        self.bench = bench

    def open(self, prefix="p", **options):
        return self.bench.open(prefix, **options)

    def put(self, path, key="k", **options):
        """Put a file; return how many bytes were sent and how many spared."""
        moved = []
        self.open(**options).put(key, path, moved=moved.append)
        spared = sum(size for size in moved if isinstance(size, Spared))
        return sum(moved) - spared, spared

    def cut_short(self, path, after=45 * MIB, **options):
        """Put a file and be interrupted when so many of its bytes were sent."""
        sent, lock = 0, threading.Lock()

        def interrupt(size):
            nonlocal sent
            with lock:
                sent += size
                if sent > after:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.open(**options).put("k", path, moved=interrupt)


class PartedS3(Parted):
    def open(self, prefix="p", **options):
        sizes = {"multipart_threshold": "5MiB", "multipart_chunksize": "5MiB"}
        return super().open(prefix, **{**sizes, **options})

    def content(self, name="p/k"):
        return self._client.get_object(Bucket=self.bench.bucket, Key=name)["Body"].read()

    def begin(self, name):
        self._client.create_multipart_upload(Bucket=self.bench.bucket, Key=name)

    def end(self):
        for upload in self._uploads():
            place = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
            self._client.abort_multipart_upload(Bucket=self.bench.bucket, **place)

    def unfinished(self):
        return [upload["Key"] for upload in self._uploads()]

    def _uploads(self):
        return self._client.list_multipart_uploads(Bucket=self.bench.bucket).get("Uploads", ())

    @property
    def _client(self):
        return self.bench.client


class PartedGCS(Parted):
    def content(self, name="p/k"):
        return self.bench.bucket.blob(name).download_as_bytes()

    def begin(self, name):
        self._ask("POST", f"/{name}?uploads=")

    def end(self):
        answer = self._ask("GET", "?uploads=")
        for name, upload in re.findall(
            r"<Key>([^<]*)</Key>.*?<UploadId>([^<]*)<", answer, re.DOTALL
        ):
            self._ask("DELETE", f"/{name}?uploadId={upload}")

    def unfinished(self):
        return re.findall(r"<Key>([^<]*)</Key>", self._ask("GET", "?uploads="))

    def _ask(self, method, path):
        address = f"{self.bench.endpoint}/{self.bench.bucket.name}{path}"
        with urllib.request.urlopen(urllib.request.Request(address, method=method)) as answer:
            return answer.read().decode()


@pytest.fixture
def parted_s3(s3):
    return PartedS3(s3)


@pytest.fixture
def parted_gcs(gcs, monkeypatch):
    monkeypatch.setattr("dvclite_gcs.remote._IN_PARTS", 5 * MIB)
    monkeypatch.setattr("dvclite_gcs.remote._PIECE", 5 * MIB)
    return PartedGCS(gcs)


@pytest.fixture(params=["s3", "gcs"])
def parted(request):
    """One cloud after the other."""
    return request.getfixturevalue(f"parted_{request.param}")


@pytest.fixture
def proxy(serve):
    """Put a proxy before a server: `proxy(address, *rules) -> its address`."""
    import json

    def proxy(server, *rules):
        address = serve("proxy.py", server)
        body = json.dumps(rules).encode()
        request = urllib.request.Request(f"{address}/-/rules", body, method="PUT")
        urllib.request.urlopen(request).close()
        return address

    return proxy
