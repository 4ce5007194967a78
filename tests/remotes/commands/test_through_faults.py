"""Push, fetch and pull through a line that breaks and servers that fail."""

import re
from pathlib import Path

import pytest

from dvclite.errors import RemoteError, TransferError

SECRET = "canary-secret-7d1f"
MIB = 1 << 20

BROKEN = {
    "busy": lambda cloud: cloud.refusal(503),
    "failing": lambda cloud: cloud.refusal(500),
    "too many": lambda cloud: cloud.refusal(429),
    "reset": lambda cloud: {"do": "reset", "after": 0},
    "lost answer": lambda cloud: {"do": "lose"},
    "slow": lambda cloud: {"do": "delay", "seconds": 0.3},
    "truncated": lambda cloud: {"do": "truncate", "after": 7},
}


def files(number, size=3000):
    return {f"file-{index:03}": size for index in range(number)}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_fails_now_and_then_succeeds_after_all(any_line, fault):
    line = any_line
    line.add(**files(5), large=2 * MIB)
    spoil = BROKEN[fault](line.cloud)

    line.proxy.rules({**spoil, "skip": 1, "times": 1}, {**spoil, "skip": 4, "times": 1})
    pushed = line.repo.invoke("push", "-v")
    clone = line.clone()
    line.proxy.rules({**spoil, "skip": 1, "times": 1}, {**spoil, "skip": 4, "times": 1})
    pulled = clone.invoke("pull", "-v")

    assert pushed.stderr == ""
    assert pushed.exit_code == 0
    assert pulled.stderr == ""
    assert pulled.exit_code == 0
    assert line.has_all(clone)
    if fault not in ("slow", "truncated"):  # An answer without content cannot be truncated.
        assert "again)" in pushed.stdout
        assert "again)" in pulled.stdout


def test_an_answer_that_breaks_while_it_says_that_nothing_is_there_is_asked_for_again(s3_line):
    line = s3_line
    line.add(**files(3))
    line.proxy.rules({**line.cloud.get, "do": "truncate", "after": 7, "times": 1})
    pushed = line.repo.invoke("push", "-v")

    assert line.proxy.struck() == 1
    assert pushed.exit_code == 0, pushed.stderr
    assert "1 of them again" in pushed.stdout


def lasting(cloud, kind):
    match kind:
        case "busy":
            return cloud.refusal(503)
        case "expired":
            return cloud.expired
        case "reset":
            return {"do": "reset", "after": 0}


WORDS = {
    "busy": "the server is failing or busy",
    "expired": "the credentials have expired|the server wants credentials",
    "reset": "connection broke|cannot be reached, or fell silent",
}


@pytest.mark.parametrize("kind", WORDS)
def test_a_push_that_cannot_go_on_keeps_what_arrived_and_goes_on_from_there(
    loose_line, quick_to_give_up, kind
):
    line = loose_line
    line.add(**files(20))
    line.proxy.rules({**line.cloud.put, **lasting(line.cloud, kind), "skip": 8})
    failed = line.repo.invoke("push", "-j", "2")
    arrived = len(line.cloud.names())
    line.proxy.rules()
    again = line.repo.invoke("push", "-v")

    assert failed.exit_code in (RemoteError.exit_code, TransferError.exit_code)
    assert "Traceback" not in failed.stderr
    assert re.search(WORDS[kind], failed.stderr)
    assert re.search(re.escape(line.cloud.url) + r"/files/blake3/../[0-9a-f]{62}", failed.stderr)
    assert "what arrived is kept" in failed.stderr
    assert arrived == 8
    assert again.exit_code == 0
    assert line.proxy.puts() == 21 - 8


@pytest.mark.parametrize("kind", WORDS)
def test_a_fetch_that_cannot_go_on_keeps_what_arrived_and_goes_on_from_there(
    loose_line, quick_to_give_up, kind
):
    line = loose_line
    line.add(**files(20))
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    get = {**line.cloud.get, "skip": 8}
    line.proxy.rules({**get, **lasting(line.cloud, kind)})
    failed = clone.invoke("fetch", "-j", "2")
    line.proxy.rules()
    again = clone.invoke("pull", "-v")
    _, asked = line.proxy.log()

    assert failed.exit_code in (RemoteError.exit_code, TransferError.exit_code)
    assert "Traceback" not in failed.stderr
    assert re.search(WORDS[kind], failed.stderr)
    assert line.cloud.url in failed.stderr
    assert "what arrived is kept" in failed.stderr
    assert again.exit_code == 0
    assert line.has_all(clone)
    assert len([line_ for line_ in asked if re.match("GET .*[0-9a-f]{62}.* 20", line_)]) <= 21 - 7


def test_a_large_file_goes_on_within_itself_after_the_line_broke(loose_line, quick_to_give_up):
    line = loose_line
    line.add(large=40 * MIB)
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules(
        {**line.cloud.get, "do": "truncate", "after": 3 * MIB, "skip": 3},
    )
    failed = clone.invoke("fetch", "-j", "1")
    line.proxy.rules()
    again = clone.invoke("pull", "-v")

    assert failed.exit_code in (RemoteError.exit_code, TransferError.exit_code)
    assert again.exit_code == 0, again.stderr
    assert line.has_all(clone)
    received = re.search(r"([\d.]+) MiB received", again.stdout)
    assert float(received[1]) < 35


@pytest.mark.parametrize("layout", ["packs", "loose"])
def test_a_server_that_holds_other_bytes_is_found_out(repo, cloud, tmp_path, layout, new_line):
    line = new_line(repo, cloud, tmp_path, layout)
    line.add(**files(5), large=3 * MIB)
    assert line.repo.invoke("push").exit_code == 0
    whole = {key: cloud.content(key) for key in cloud.names()}
    for key, data in whole.items():
        middle = 100 if len(data) > 200 else len(data) // 2
        cloud.store(key, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    clone = line.clone()
    failed = clone.invoke("pull")
    there = list((clone.root / "data").iterdir()) if (clone.root / "data").exists() else []
    for key, data in whole.items():
        cloud.store(key, data)
    again = clone.invoke("pull")

    assert failed.exit_code != 0
    assert "Traceback" not in failed.stderr
    assert all(path.read_bytes() == line.repo.read(f"data/{path.name}") for path in there)
    assert again.exit_code == 0, again.stderr
    assert line.has_all(clone)


def test_a_line_that_changes_bytes_and_their_checksums_is_found_out(loose_line):
    line = loose_line
    line.add(**files(3))
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.get, "do": "other", "skip": 1})
    failed = clone.invoke("fetch")
    line.proxy.rules()

    assert failed.exit_code != 0
    assert clone.invoke("pull").exit_code == 0
    assert line.has_all(clone)


def test_no_listing_is_needed_to_fetch_what_is_named(loose_line):
    line = loose_line
    line.add(**files(3))
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.list, **line.cloud.refusal(403)})
    pulled = clone.invoke("pull")

    assert pulled.exit_code == 0, pulled.stderr
    assert line.has_all(clone)


def test_where_a_listing_is_needed_the_permission_is_named(line):
    line.add(**files(3))
    line.proxy.rules({**line.cloud.list, **line.cloud.refusal(403)})
    done = line.repo.invoke("push")

    assert done.exit_code == RemoteError.exit_code
    permission = {"s3": "s3:ListBucket", "gcs": "storage.objects.list"}[line.cloud.name]
    assert done.stderr.startswith(f"error: {line.cloud.url}: access denied")
    assert permission in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_who_may_not_read_learns_what_is_lacking(s3_line):
    line = s3_line
    line.add(**files(2))
    assert line.repo.invoke("push").exit_code == 0
    clone = line.clone()
    line.proxy.rules({**line.cloud.get, **line.cloud.refusal(403)})
    done = clone.invoke("pull")

    assert done.exit_code != 0
    assert f"{line.cloud.url}/files/" in done.stderr
    assert "allow s3:GetObject on the bucket" in done.stderr
    assert "s3:ListBucket" in done.stderr


def test_a_missing_bucket_is_named(any_line):
    line = any_line
    line.add(**files(3))
    line.repo.invoke("remote", "modify", "cloud", "url", f"{line.cloud.scheme}://no-such-bucket-9")
    done = line.repo.invoke("push")

    assert done.exit_code in (RemoteError.exit_code, TransferError.exit_code)
    assert "there is no bucket no-such-bucket-9" in done.stderr
    assert "correct the remote's url" in done.stderr


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (301, "PermanentRedirect", "set the option region of this remote to eu-north-1"),
        (400, "AuthorizationHeaderMalformed", "set the option region of this remote to"),
        (403, "RequestTimeTooSkewed", "set the clock"),
    ],
)
def test_a_wrong_region_and_a_wrong_clock_are_told(s3_line, status, code, words):
    line = s3_line
    line.add(**files(1))
    body = f"<Error><Code>{code}</Code><Region>eu-north-1</Region></Error>"
    line.proxy.rules(
        {
            "do": "answer",
            "status": status,
            "body": body,
            "headers": {"x-amz-bucket-region": "eu-north-1"},
        }
    )
    done = line.repo.invoke("push")

    assert done.exit_code in (RemoteError.exit_code, TransferError.exit_code)
    assert words in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_no_error_and_no_traceback_shows_a_secret(loose_line, quick_to_give_up):
    line = loose_line
    line.add(**files(1))
    for rule in (line.cloud.expired, line.cloud.refusal(503), line.cloud.refusal(403)):
        line.proxy.rules(rule)
        done = line.repo.invoke("push", "-vv")
        assert "Traceback" in done.stderr
        assert SECRET not in done.stderr + done.stdout
    assert SECRET not in Path(line.repo.root / ".dvclite/config").read_text()
