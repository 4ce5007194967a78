"""Uploads in parts that were cut short go on, and leave nothing behind."""

import re
import threading
import urllib.request

import pytest

from dvclite.errors import RemoteUnavailableError
from dvclite.remote import Spared

MIB = 1 << 20


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr("dvclite_gcs.remote._IN_PARTS", 8 * MIB)
    monkeypatch.setattr("dvclite_gcs.remote._PIECE", 5 * MIB)


@pytest.fixture
def cut_short(gcs):
    """Put a file and be interrupted when some of it has arrived."""

    def cut_short(path, key="k", after=45 * MIB):
        sent, lock = 0, threading.Lock()

        def interrupt(size):
            nonlocal sent
            with lock:
                sent += size
                if sent > after:
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            gcs.open("p").put(key, path, moved=interrupt)

    return cut_short


def put(remote, path, key="k"):
    """Put a file; return how many bytes were sent and how many spared."""
    moved = []
    remote.put(key, path, moved=moved.append)
    spared = sum(size for size in moved if isinstance(size, Spared))
    return sum(moved) - spared, spared


def ask(gcs, method, path):
    request = urllib.request.Request(f"{gcs.endpoint}/{gcs.bucket.name}{path}", method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def unfinished(gcs):
    return re.findall(r"<Key>([^<]*)</Key>", ask(gcs, "GET", "?uploads="))


def content(gcs):
    return gcs.bucket.blob("p/k").download_as_bytes()


def test_a_large_file_is_sent_in_parts_at_once(gcs, source, tmp_path):
    path = source(23 * MIB + 5)
    moved = []
    gcs.open("a b/ü").put("k", path, moved=moved.append)
    gcs.open("a b/ü").get("k", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert sum(moved) == 23 * MIB + 5
    assert unfinished(gcs) == []


def test_parts_that_arrived_are_not_sent_again(gcs, source, cut_short):
    path = source(58 * MIB)
    cut_short(path)
    assert unfinished(gcs) == ["p/k"]
    assert gcs.open("p").stat("k") is None

    sent, spared = put(gcs.open("p"), path)
    assert spared >= 5 * MIB
    assert sent + spared == 58 * MIB
    assert content(gcs) == path.read_bytes()
    assert unfinished(gcs) == []


def test_parts_of_other_content_are_sent_again(gcs, source, cut_short):
    cut_short(source(58 * MIB))
    path = source(58 * MIB)
    assert put(gcs.open("p"), path) == (58 * MIB, 0)
    assert content(gcs) == path.read_bytes()
    assert unfinished(gcs) == []


def test_an_upload_that_somebody_ended_is_begun_anew(gcs, source, cut_short):
    path = source(58 * MIB)
    cut_short(path)
    (upload,) = re.findall(r"<UploadId>([^<]*)<", ask(gcs, "GET", "?uploads="))
    moved, lock = [], threading.Lock()

    def end(size):
        with lock:
            if not isinstance(size, Spared) and not moved:
                ask(gcs, "DELETE", f"/p/k?uploadId={upload}")
            moved.append(size)

    gcs.open("p").put("k", path, moved=end)
    assert sum(moved) == 58 * MIB
    assert content(gcs) == path.read_bytes()
    assert unfinished(gcs) == []


def test_parts_are_repeated_when_their_connection_breaks(gcs, source, relay):
    path = source(23 * MIB)
    broken = gcs.open("p", endpointurl=relay(gcs.endpoint, "cut-request", 3 * MIB, 2))
    moved = []
    broken.put("k", path, moved=moved.append)
    assert sum(moved) == 23 * MIB
    assert content(gcs) == path.read_bytes()


def test_a_part_damaged_on_its_way_is_refused(gcs, source, relay):
    broken = gcs.open("p", endpointurl=relay(gcs.endpoint, "damage-request", 3 * MIB, 1000))
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        broken.put("k", source(23 * MIB))
    assert gcs.open("p").stat("k") is None


def test_a_file_that_becomes_shorter_leaves_nothing(gcs, source):
    path = source(58 * MIB)
    moved, lock = [], threading.Lock()

    def shrink(size):
        with lock:
            moved.append(size)
            if sum(moved) > 30 * MIB:
                with path.open("r+b") as file:
                    file.truncate(MIB)

    with pytest.raises(OSError, match="became shorter"):
        gcs.open("p").put("k", path, moved=shrink)
    assert unfinished(gcs) == []


@pytest.mark.parametrize("status", [400, 403, 405])
def test_where_there_are_no_parts_it_goes_the_other_way(gcs, source, serve, status):
    import json

    proxy = serve("proxy.py", gcs.endpoint)
    rules = [{"method": "POST", "path": r".*[?]uploads", "do": "answer", "status": status}]
    order = urllib.request.Request(f"{proxy}/-/rules", json.dumps(rules).encode(), method="PUT")
    urllib.request.urlopen(order).close()
    path = source(23 * MIB)
    moved = []
    gcs.open("p", endpointurl=proxy).put("k", path, moved=moved.append)
    assert content(gcs) == path.read_bytes()
    assert sum(moved) == 23 * MIB


def test_what_was_abandoned_is_cleared_away_and_nothing_else(gcs, source):
    names = {
        "ours": "p/files/md5/ab/" + "c" * 30,
        "elsewhere": "q/files/md5/ab/" + "c" * 30,
        "foreign": "p/holiday/film.mov",
    }
    for name in names.values():
        ask(gcs, "POST", f"/{name}?uploads=")
    # To this server all uploads have begun long ago.
    gcs.open("p").put("k", source(9 * MIB))
    assert sorted(unfinished(gcs)) == sorted([names["elsewhere"], names["foreign"]])
