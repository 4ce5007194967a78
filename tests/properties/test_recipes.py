"""Laws of recipes: one recipe has one written form, and nothing else is taken for one."""

import re
import tracemalloc
from itertools import pairwise
from pathlib import Path
from struct import pack

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dvclite.errors import RecipeError
from dvclite.recipe import (
    MOST_PACKS,
    SMALLEST_CHUNK,
    Recipe,
    RecipeBuilder,
    Run,
    decode,
    encode,
)

PAGE = (Path(__file__).parents[2] / "docs" / "formats" / "recipe.md").read_text()
ONE, OTHER = b"\x11" * 32, b"\x22" * 32

EXAMPLE = Recipe(1_000_000, (Run(ONE, 5, 3), Run(OTHER, 0, 1), Run(ONE, 3, 1)))

packs = st.sampled_from([ONE, OTHER, bytes(32), b"\xff" * 32])
numbers = st.one_of(st.integers(0, 6), st.integers(2**32 - 4, 2**32 - 2))
chunks = st.tuples(packs, numbers, st.integers(SMALLEST_CHUNK, 1 << 20))


def built(chunks):
    builder = RecipeBuilder()
    for chunk in chunks:
        builder.add(*chunk)
    return builder.recipe()


recipes = st.lists(chunks, max_size=12).map(built)


def written(runs, *, packs=(ONE, OTHER), size=100_000, blank=bytes(7), version=1, more=b""):
    """Return a recipe's written form without a thought for whether it is one."""
    header = pack("<8sB7sQII", b"dvcrecp\n", version, blank, size, len(packs), len(runs))
    return header + b"".join(packs) + b"".join(pack("<III", *run) for run in runs) + more


def test_the_recipes_of_the_page_are_written_so():
    blocks = [bytes.fromhex(block) for block in re.findall(r"```text\n([0-9a-f\n]+)```", PAGE)]

    assert [decode(block) for block in blocks] == [EXAMPLE, Recipe(0, ())]
    assert [encode(decode(block)) for block in blocks] == blocks


@given(recipes)
def test_a_recipe_is_read_as_it_was_written(recipe):
    assert decode(encode(recipe)) == recipe


@given(st.lists(chunks, max_size=12))
def test_runs_are_the_chunks_in_order_and_as_few_as_possible(chunks):
    recipe = built(chunks)

    named = [(run.pack, run.first + step) for run in recipe.runs for step in range(run.count)]
    assert named == [(pack, number) for pack, number, _ in chunks]
    assert recipe.size == sum(length for _, _, length in chunks)
    assert recipe.chunks == len(chunks)
    for run, following in pairwise(recipe.runs):
        assert (run.pack, run.first + run.count) != (following.pack, following.first)


@given(recipes, st.data())
def test_a_recipe_that_was_tampered_with_is_refused_or_is_another_ones_only_form(recipe, data):
    whole = encode(recipe)
    place = data.draw(st.integers(0, len(whole) - 1), label="place")
    removed = data.draw(st.integers(0, 40), label="removed")
    put_in = data.draw(st.binary(max_size=40), label="put in")
    tampered = whole[:place] + put_in + whole[place + removed :]

    try:
        other = decode(tampered)
    except RecipeError:
        return
    assert encode(other) == tampered


@given(st.binary(max_size=200))
@example(b"dvcrecp\n\x01" + bytes(7) + b"\xff" * 16)
def test_what_is_no_recipe_is_refused(data):
    with pytest.raises(RecipeError):
        decode(data)


@pytest.mark.parametrize("length", range(len(encode(EXAMPLE))))
def test_a_recipe_that_is_cut_short_is_refused(length):
    with pytest.raises(RecipeError):
        decode(encode(EXAMPLE)[:length])


GOOD = [(0, 5, 3), (1, 0, 1)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (written(GOOD, more=b"\0"), "as long as it says"),
        (written(GOOD, more=bytes(12)), "as long as it says"),
        (written(GOOD, blank=b"\0\0\0\0\0\0\1"), "not blank"),
        (written(GOOD, version=2), "of version 2"),
        (b"DVCRECP\n" + written(GOOD)[8:], "does not begin"),
        (written([(0, 5, 0), (1, 0, 1)]), "no pack has"),
        (written([(0, 2**32 - 1, 1), (1, 0, 1)]), "no pack has"),
        (written([(0, 5, 3), (0, 8, 1), (1, 0, 1)]), "should be one"),
        (written([(0, 5, 3), (2, 0, 1)]), "does not name"),
        (written([(0, 5, 3)]), "order of their first use"),
        (written([(1, 5, 3), (0, 0, 1)]), "order of their first use"),
        (written(GOOD, packs=(ONE, OTHER, bytes(32))), "order of their first use"),
        (written([(0, 5, 3), (1, 0, 1)], packs=(ONE, ONE)), "order of their first use"),
        (written(GOOD, size=3 * 4096 - 1), "too few bytes"),
        (written([(0, 0, 2)], packs=(ONE,), size=1), "too few bytes"),
        (written(GOOD, size=2**63), "more bytes than any blob"),
        (written(GOOD, size=0), "too few bytes"),
        (written([], packs=(), size=1), "no chunks"),
        (written([], packs=(ONE,), size=0), "order of their first use"),
    ],
)
def test_what_is_not_in_its_one_form_is_refused(data, reason):
    with pytest.raises(RecipeError, match=reason):
        decode(data)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(3 * 4096, tuple(Run(*run) for run in [(ONE, 5, 3), (OTHER, 0, 1)])),
        Recipe(2**63 - 1, (Run(ONE, 0, 2**32 - 1),)),
        Recipe(4096, (Run(ONE, 2**32 - 2, 1), Run(ONE, 0, 1))),
        Recipe(4096, (Run(ONE, 1, 1), Run(ONE, 1, 1))),
        Recipe(4096, (Run(ONE, 1, 1), Run(OTHER, 2, 1))),
    ],
)
def test_what_is_at_the_edge_is_a_recipe(recipe):
    assert decode(encode(recipe)) == recipe


@pytest.mark.parametrize(
    ("size", "runs"),
    [
        (9, [Run(b"\x11" * 31, 0, 1)]),
        (9000, [Run(ONE, -1, 3)]),
        (2**40, [Run(ONE, 0, 2**32)]),
        (9000, [Run(ONE, 0, 2), Run(ONE, 2, 1)]),
        (9000, [Run(ONE, 0, 4)]),
        (-1, []),
    ],
)
def test_a_value_that_is_no_recipe_cannot_be_made(size, runs):
    with pytest.raises(RecipeError):
        Recipe(size, tuple(runs))


def test_what_was_sent_in_one_go_is_one_run_for_each_pack():
    recipe = built((ONE if number < 200 else OTHER, number % 200, 300_000) for number in range(400))

    assert recipe.runs == (Run(ONE, 0, 200), Run(OTHER, 0, 200))
    assert len(encode(recipe)) == 32 + 2 * 32 + 2 * 12


def test_a_builder_goes_on_after_its_recipe_was_asked_for():
    builder = RecipeBuilder()
    builder.add(ONE, 0, 10_000)
    first = builder.recipe()
    builder.add(ONE, 1, 5_000)

    assert first == Recipe(10_000, (Run(ONE, 0, 1),))
    assert builder.recipe() == Recipe(15_000, (Run(ONE, 0, 2),))


def test_a_recipe_may_not_name_more_packs_than_memory_is_taken_for():
    header = pack("<8sB7xQII", b"dvcrecp\n", 1, 2**62, MOST_PACKS + 1, 0)

    with pytest.raises(RecipeError, match="more than one may"):
        decode(header + bytes(32) * (MOST_PACKS + 1))


def test_a_recipe_of_very_many_runs_takes_little_more_memory_than_its_written_form():
    runs = [(0, number * 2, 1) for number in range(100_000)]
    data = written(runs, packs=(ONE,), size=2**40)
    tracemalloc.start()
    try:
        recipe = decode(data)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < len(data) // 10
    assert recipe.chunks == len(recipe.runs) == 100_000
    assert recipe.runs[-1] == Run(ONE, 199_998, 1)
    assert recipe.runs[1:3] == [Run(ONE, 2, 1), Run(ONE, 4, 1)]
    assert recipe == Recipe(2**40, tuple(recipe.runs))
    assert hash(recipe) == hash(Recipe(2**40, tuple(recipe.runs)))
