"""Which requests bring what is wanted out of packs."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dvclite.pack.layout import Codec, Kind, PackEntry
from dvclite.remotestore.packs.plan import LONGEST, Want, plan, ranges

KIB, MIB = 1 << 10, 1 << 20


def want(offset, stored, pack="a", target=None):
    entry = PackEntry(Kind.BLOB, b"", Codec.PLAIN, offset, stored, stored, b"")
    return Want(pack, entry, target)


def requests(*wants, size=64 * MIB):
    return [
        (errand.pack, "whole") if errand.is_whole else (errand.pack, errand.begin, errand.end)
        for errand in plan(wants, {"a": size, "b": size})
    ]


def test_neighbours_are_read_together():
    assert requests(want(5000, 1000), want(80, 100), want(300, 50)) == [("a", 80, 6000)]


def test_a_gap_is_read_over_where_asking_again_would_cost_more():
    assert requests(want(0, 100), want(256 * KIB + 100, 100)) == [("a", 0, 256 * KIB + 200)]
    assert len(requests(want(0, 100), want(256 * KIB + 101, 100))) == 2


def test_no_request_is_longer_than_is_good_for_memory():
    wants = [want(number * MIB, MIB) for number in range(30)]

    assert requests(*wants) == [("a", 0, 16 * MIB), ("a", 16 * MIB, 30 * MIB)]


def test_a_pack_of_which_most_is_wanted_is_got_as_a_whole():
    wants = [want(number * MIB, MIB) for number in range(40)]

    assert requests(*wants) == [("a", "whole")]
    assert requests(*wants[:16], size=20 * MIB) == [("a", 0, 16 * MIB)]


def test_packs_are_gone_to_in_the_order_in_which_they_are_wanted():
    wants = [want(0, 10, "b"), want(0, 10, "a"), want(100, 10, "b")]

    assert requests(*wants) == [("b", 0, 110), ("a", 0, 10)]


def test_the_same_entry_is_read_once_for_all_who_want_it():
    assert requests(want(0, 100), want(0, 100), want(0, 100)) == [("a", 0, 100)]


@st.composite
def many_wants(draw):
    wants = []
    for pack in "ab":
        offset = 0
        for gap, stored in draw(
            st.lists(st.tuples(st.integers(64, MIB), st.integers(0, MIB)), max_size=60)
        ):
            offset += gap
            wants.append(want(offset, stored, pack, target=len(wants)))
            offset += stored
    return draw(st.permutations(wants))


@given(many_wants())
def test_every_want_is_served_once_and_nothing_is_fetched_twice(wants):
    for errands in (list(ranges(wants)), list(plan(wants, {"a": 8 * MIB, "b": 1 << 40}))):
        served = [one.target for errand in errands for one in errand.wants]
        assert sorted(served) == list(range(len(wants)))
        for errand in errands:
            assert {one.pack for one in errand.wants} == {errand.pack}
            offsets = [one.entry.offset for one in errand.wants]
            assert offsets == sorted(offsets)
            if not errand.is_whole:
                assert errand.end - errand.begin <= LONGEST
                assert all(
                    errand.begin <= one.entry.offset and one.entry.end <= errand.end
                    for one in errand.wants
                )
        spans = sorted((e.pack, e.begin, e.end) for e in errands if not e.is_whole)
        for (pack, _begin, end), (next_pack, begin, _end) in pairwise(spans):
            assert pack != next_pack or begin >= end
