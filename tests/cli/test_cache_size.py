"""`dvclite cache size`."""

import random
import shutil

LARGE = random.Random(1).randbytes(1_200_000)


def test_an_empty_cache_holds_nothing(repo):
    done = repo.invoke("cache", "size")

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "In the cache: 0 blobs, 0 B",
        "Named by pointers: 0 files, 0 B",
        "Saved: 0 B since the same content is stored once, 0 B by compression",
    ]


def test_it_tells_what_is_where_and_what_is_saved(repo, answer):
    for name in ("one", "same", "again"):
        repo.write(f"data/{name}", "content" * 100)
    repo.write("data/large", LARGE)
    repo.invoke("add", "data")
    repo.write("junk", b"junk")
    repo.invoke("add", "junk")
    repo.invoke("remove", "junk")

    size = answer(repo.invoke("cache", "size", "--json"))

    assert size["files"] == 4
    assert size["files_size"] == 2100 + len(LARGE)
    assert size["deduplicated"] == 1400
    assert size["missing"] == 0
    cache = size["cache"]
    tree = cache["size"] - 700 - len(LARGE) - 4
    assert 100 < tree < 1000
    assert (cache["blobs"], cache["packed"]) == (4, 3)
    assert cache["loose"] == {"count": 1, "size": len(LARGE)}
    assert cache["packs"]["count"] == 2
    assert cache["packs"]["size"] == sum(
        path.stat().st_size for path in (repo.root / ".dvclite/cache/packs").glob("*/*")
    )
    assert cache["trash"] == cache["damaged"] == {"count": 0, "size": 0}


def test_trash_and_what_was_set_aside_are_told_apart(repo, answer):
    repo.write("data/large", LARGE)
    repo.write("junk", LARGE[::-1])
    repo.invoke("add", "data", "junk")
    repo.invoke("remove", "junk")
    repo.invoke("gc", "--force")
    (blob,) = (repo.root / ".dvclite/cache/files").rglob("*/*/*")
    blob.chmod(0o644)
    blob.write_bytes(b"damaged")
    shutil.rmtree(repo.root / "data")
    repo.invoke("checkout")

    size = answer(repo.invoke("cache", "size", "--json"))
    text = repo.invoke("cache", "size").stdout

    assert size["cache"]["trash"] == {"count": 1, "size": len(LARGE)}
    assert size["cache"]["damaged"] == {"count": 1, "size": 7}
    assert size["missing"] == 1
    assert "In the trash: 1 file, 1.1 MiB; `dvclite gc --now` empties it\n" in text
    assert "Damaged and set aside: 1 file, 7 B\n" in text
    assert "Named by pointers: 1 file, 1.1 MiB; 1 blob not in the cache\n" in text


def test_other_versions_count_when_asked(two_versions, answer):
    here = answer(two_versions.invoke("cache", "size", "--json"))
    every = answer(two_versions.invoke("cache", "size", "-T", "--json"))

    assert (here["files"], every["files"]) == (4, 7)
    assert here["deduplicated"] == 0
    assert every["deduplicated"] == 3000
    assert here["cache"] == every["cache"]
