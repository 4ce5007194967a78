"""What is Google Cloud Storage's own about uploads in parts."""

import pytest

from dvclite.errors import RemoteUnavailableError

MIB = 1 << 20


def test_a_large_file_is_sent_in_parts_at_once(parted_gcs, source, tmp_path):
    path = source(23 * MIB + 5)
    moved = []
    parted_gcs.open("a b/ü").put("k", path, moved=moved.append)
    parted_gcs.open("a b/ü").get("k", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == path.read_bytes()
    assert sum(moved) == 23 * MIB + 5
    assert parted_gcs.unfinished() == []


def test_parts_are_repeated_when_their_connection_breaks(parted_gcs, gcs, source, relay):
    path = source(23 * MIB)
    broken = relay(gcs.endpoint, "cut-request", 3 * MIB, 2)
    assert sum(parted_gcs.put(path, endpointurl=broken)) == 23 * MIB
    assert parted_gcs.content() == path.read_bytes()


def test_a_part_damaged_on_its_way_is_refused(parted_gcs, gcs, source, relay):
    broken = relay(gcs.endpoint, "damage-request", 3 * MIB, 1000)
    with pytest.raises(RemoteUnavailableError, match="damaged"):
        parted_gcs.put(source(23 * MIB), endpointurl=broken)
    assert parted_gcs.open().stat("k") is None


@pytest.mark.parametrize("status", [400, 403, 405])
def test_where_there_are_no_parts_it_goes_the_other_way(parted_gcs, gcs, source, proxy, status):
    refused = {"method": "POST", "path": r".*[?]uploads", "do": "answer", "status": status}
    path = source(23 * MIB)
    assert parted_gcs.put(path, endpointurl=proxy(gcs.endpoint, refused)) == (23 * MIB, 0)
    assert parted_gcs.content() == path.read_bytes()
