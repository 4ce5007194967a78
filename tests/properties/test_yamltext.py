"""The reader of plain text beside the one that knows all of YAML."""

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dvclite.yamltext.plain import read_plain
from dvclite.yamltext.reading import _Reader

POINTER = (
    "outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 12\n  hash: md5\n  path: data.xml\n"
)

words = st.one_of(
    st.sampled_from(
        [
            *(
                "outs",
                "path",
                "md5",
                "size",
                "true",
                "null",
                "~",
                "12",
                "1e3",
                "0x1f",
                "2024-01-02",
            ),
            *("-", "--", "---", "...", ".", "..", "/", "a/b.c", "a-b", "a+b", "+a", "_", "<<", "="),
            *(
                "a b",
                "a:b",
                "a: b",
                "a #b",
                "#a",
                "'a'",
                '"a"',
                "&a",
                "*a",
                "!a",
                "|",
                ">",
                "[]",
                "{}",
            ),
            *("é", "\t", "\x85", "\u2028", "\ufeff", "\x00", "%a", "@a", "`a", "?", "? a", "y", ""),
        ]
    ),
    st.text(max_size=4),
)
lines = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["- ", "  ", "  ", "  ", "", "-  ", "    ", "-", "\t"]),
    words,
    st.sampled_from([": ", ": ", ": ", ":", ":  "]),
    words,
    st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", " \n", "", "\n\n"]),
)
texts = st.builds(
    "{}:{}{}".format,
    words,
    st.sampled_from(["\n", "\n", "\n", " \n", "\n\n", ""]),
    st.lists(lines, max_size=5).map("".join),
)


pieces = st.sampled_from(
    [
        *(
            "a",
            "12",
            "a/b.c",
            ".",
            ":",
            ": ",
            " #",
            "#",
            "-",
            "- ",
            " ",
            "'",
            '"',
            "&",
            "*",
            "!",
            ",",
        ),
        *(
            "[",
            "{",
            "|",
            ">",
            "%",
            "@",
            "`",
            "?",
            "...",
            "\t",
            "é",
            "\x85",
            "\u2028",
            "\ufeff",
            "\\",
        ),
    ]
)
values = st.lists(pieces, min_size=1, max_size=3).map("".join)


@given(texts)
@example(POINTER)
@example(POINTER + "- path: other\n  md5: 0\n")
@example(POINTER.removesuffix("\n"))
@example("outs:\n- a: b\n  a: c\n")
@example("outs:\n  a: b\n")
@example("outs:\n- a: b\n  c: d\n" * 2)
def test_what_the_plain_reader_reads_another_reads_alike(text):
    check(text)


@given(values, st.booleans())
@settings(max_examples=1000)
def test_whatever_a_value_is_both_read_the_same(value, last):
    check(f"outs:\n- path: {value}\n" if last else f"outs:\n- path: {value}\n  size: 12\n")


def check(text):
    plain = read_plain(text)

    if plain is not None:
        assert plain == _Reader(yaml.parse(text, Loader=yaml.BaseLoader)).document()


def test_the_plain_reader_reads_pointers():
    mapping = read_plain(POINTER)

    (output,) = mapping.items["outs"].items
    assert {key: node.value for key, node in output.items.items()} == {
        "md5": "a304afb96060aad90176268345e10355",
        "size": "12",
        "hash": "md5",
        "path": "data.xml",
    }


def test_the_plain_reader_leaves_what_is_not_plain_to_another():
    assert read_plain("outs:\n- path: 'a b'\n") is None
    assert read_plain("frozen: true\nouts:\n- path: a\n") is None
    assert read_plain("outs:\n" + "- path: a\n" * 1000) is None
