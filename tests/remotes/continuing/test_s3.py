"""What is S3's own about uploads in parts that were cut short."""

import pytest

from dvclite.errors import AccessDeniedError, RemoteUnavailableError

MIB = 1 << 20
NO_CHECKSUMS = {"request_checksum_calculation": "when_required"}


def test_without_checksums_parts_are_known_again_by_their_tags(parted_s3, source):
    path = source(58 * MIB)
    parted_s3.cut_short(path, **NO_CHECKSUMS)
    sent, spared = parted_s3.put(path, **NO_CHECKSUMS)
    assert spared >= 5 * MIB
    assert sent + spared == 58 * MIB
    assert parted_s3.content() == path.read_bytes()
    assert parted_s3.unfinished() == []


def test_parts_of_other_sizes_are_sent_again(parted_s3, source):
    path = source(58 * MIB)
    parted_s3.cut_short(path)
    assert parted_s3.put(path, multipart_chunksize="6MiB") == (58 * MIB, 0)
    assert parted_s3.content() == path.read_bytes()
    assert parted_s3.unfinished() == []


def test_what_was_checked_otherwise_is_begun_anew(parted_s3, source):
    path = source(58 * MIB)
    parted_s3.cut_short(path)
    assert parted_s3.put(path, **NO_CHECKSUMS) == (58 * MIB, 0)
    assert parted_s3.content() == path.read_bytes()


def test_what_was_begun_without_encryption_is_not_kept_without_it(parted_s3, s3, source):
    path = source(58 * MIB)
    parted_s3.cut_short(path)
    assert sum(parted_s3.put(path, sse="AES256")) == 58 * MIB
    head = s3.client.head_object(Bucket=s3.bucket, Key="p/k")
    assert head["ServerSideEncryption"] == "AES256"
    assert parted_s3.content() == path.read_bytes()


def test_a_line_that_breaks_leaves_what_arrived(parted_s3, s3, source, proxy, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    path = source(58 * MIB)
    # Eight are sent at once: when this one begins, three have arrived.
    eleventh = {"method": "PUT", "path": r".*[?&]partNumber=11(&.*)?", "do": "reset", "after": 0}
    with pytest.raises(RemoteUnavailableError):
        parted_s3.put(path, endpointurl=proxy(s3.endpoint, eleventh))
    assert parted_s3.unfinished() == ["p/k"]
    sent, spared = parted_s3.put(path)
    assert spared > 0
    assert sent + spared == 58 * MIB
    assert parted_s3.unfinished() == []


def test_without_the_right_to_find_them_parts_do_not_stay(parted_s3, s3, source, proxy):
    denied = {"do": "answer", "status": 403, "body": "<Error><Code>AccessDenied</Code></Error>"}
    parts = {"method": "PUT", "path": ".*partNumber.*", "skip": 4, **denied}
    listing = {"method": "GET", "path": r".*[?&]uploads.*", **denied}
    with pytest.raises(AccessDeniedError):
        parted_s3.put(source(58 * MIB), endpointurl=proxy(s3.endpoint, listing, parts))
    assert parted_s3.unfinished() == []
