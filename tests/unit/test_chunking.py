"""Where chunks end is a part of the repository format: it must never change."""

import io
import json
import sys
import tracemalloc
import warnings
from collections import deque
from pathlib import Path

import pyfastcdc
import pytest
from blake3 import blake3

from dvclite import chunking
from dvclite.chunking import AVERAGE, MAXIMUM, MINIMUM, cut
from dvclite.errors import InstallationError

PAGES = Path(__file__).parents[2] / "docs" / "formats"
VECTORS = json.loads((PAGES / "chunk-vectors.json").read_text())["vectors"]


def made_up(seed, period, size):
    piece = blake3(seed.encode()).digest(length=period)
    return (piece * (size // period + 1))[:size]


def chunks_of(stream):
    return [bytes(chunk) for cuts in cut(stream) for chunk in cuts.chunks]


def lengths(data):
    return [len(chunk) for chunk in chunks_of(io.BytesIO(data))]


class Trickle:
    """Gives less than it is asked for."""

    def __init__(self, data, at_most):
        self._data = io.BytesIO(data)
        self._at_most = at_most

    def readinto(self, buffer):
        return self._data.readinto(buffer[: self._at_most])


@pytest.fixture
def library_not_looked_at():
    chunking._check_library.cache_clear()
    yield
    chunking._check_library.cache_clear()


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda vector: f"{vector['period']}-{vector['size']}"
)
def test_data_is_cut_where_the_page_says(vector):
    data = made_up(vector["seed"], vector["period"], vector["size"])

    assert blake3(data).hexdigest() == vector["blake3"]
    assert lengths(data) == vector["chunks"]


def test_the_page_tells_the_parameters():
    page = (PAGES / "chunk.md").read_text()

    for name, value in {"minimum": MINIMUM, "average": AVERAGE, "maximum": MAXIMUM}.items():
        assert f"| {name} | {value:,} bytes |" in page


def test_chunks_are_the_stream_in_order():
    data = made_up("in order", 5 << 20, 5 << 20)

    chunks = chunks_of(io.BytesIO(data))

    assert b"".join(chunks) == data
    assert all(MINIMUM <= len(chunk) <= MAXIMUM for chunk in chunks[:-1])


@pytest.mark.parametrize("at_most", [999, 65_537, 1 << 20])
def test_how_much_a_stream_gives_at_a_time_does_not_matter(at_most):
    data = made_up("little by little", 3 << 20, 3 << 20)

    chunks = chunks_of(Trickle(data, at_most))

    assert chunks == chunks_of(io.BytesIO(data))


def test_an_open_file_is_cut_from_where_it_stands(tmp_path):
    data = made_up("a file", 2 << 20, 2 << 20)
    (tmp_path / "file").write_bytes(data)

    with open(tmp_path / "file", "rb", buffering=0) as file:
        file.seek(1234)
        chunks = chunks_of(file)

    assert chunks == chunks_of(io.BytesIO(data[1234:]))


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_chunks_stay_what_they_are_until_so_many_more_were_asked_for(kept):
    data = made_up("kept", 40 << 20, 40 << 20)
    whole = b""
    good = deque(maxlen=kept)

    for cuts in cut(io.BytesIO(data), kept=kept):
        good.append((len(whole), cuts))
        whole += cuts.data
        for begin, some in good:
            assert some.data == b"".join(some.chunks) == whole[begin : begin + len(some.data)]

    assert whole == data


@pytest.mark.parametrize("place", [0, 3_000_000, 7_999_999])
def test_an_edit_changes_the_chunks_beside_it_only(place):
    data = made_up("edited", 8_000_000, 8_000_000)
    before = set(chunks_of(io.BytesIO(data)))

    after = chunks_of(io.BytesIO(data[:place] + b"one more row\n" + data[place:]))

    assert len(after) > 20
    assert sum(chunk not in before for chunk in after) <= 2


def test_a_long_stream_takes_little_memory():
    piece = made_up("long", MAXIMUM, MAXIMUM)

    class Long:
        left = 64

        def readinto(self, buffer):
            count = min(len(buffer), MAXIMUM) if self.left else 0
            buffer[:count] = piece[:count]
            self.left -= bool(count)
            return count

    cut(io.BytesIO())
    tracemalloc.start()
    try:
        count = sum(len(cuts.chunks) for cuts in cut(Long()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count > 64
    assert peak < 5 << 20


def test_an_error_of_the_stream_is_passed_on():
    class Failing:
        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        list(cut(Failing()))


def test_the_library_is_refused_where_it_is_not_compiled(monkeypatch, library_not_looked_at):
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyfastcdc"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyfastcdc.cy", None)

    with warnings.catch_warnings(record=True) as warned, pytest.raises(InstallationError) as error:
        cut(io.BytesIO())

    assert "without its compiled part" in str(error.value)
    assert "pip install --force-reinstall --only-binary" in error.value.hint
    assert not warned


def test_the_library_is_refused_where_it_cuts_elsewhere(monkeypatch, library_not_looked_at):
    class WithAnotherTable(pyfastcdc.FastCDC):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs, seed=1)

    monkeypatch.setattr(pyfastcdc, "FastCDC", WithAnotherTable)

    with pytest.raises(InstallationError, match="does not cut where"):
        cut(io.BytesIO())
