import os

import pytest

from dvclite.hashing import BLAKE3, MD5, XXH128
from dvclite.pack.reader import PackFile


@pytest.mark.parametrize("algorithm", [BLAKE3, XXH128, MD5], ids=lambda one: one.name)
def test_a_pack_gives_back_what_was_put_into_it(make, contents, algorithm):
    pack = make(algorithm=algorithm)

    with PackFile(pack.path, pack.id) as file:
        entries = file.entries()
        found = [(entry.kind, file.content(entry, algorithm)) for entry in entries]

    assert found == contents
    assert list(entries) == list(pack.entries)
    assert entries.algorithm == algorithm
    assert os.stat(pack.path).st_size == pack.size
