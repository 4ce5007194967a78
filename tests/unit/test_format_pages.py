"""What the format pages show is what the program writes."""

import re
from pathlib import Path

from dvclite.formats.native import native
from dvclite.hashing import BLAKE3, hash_bytes
from dvclite.pointer import Output
from dvclite.pointer.reading import parse
from dvclite.pointer.writing import with_output
from dvclite.tree import Entry

PAGES = Path(__file__).parents[2] / "docs" / "formats"


def test_the_tree_of_the_page_has_the_oid_of_the_page():
    page = (PAGES / "tree.md").read_text()
    shown = re.findall(r"```text\n(\{\"tree\":1\}\n.+?)```", page, re.DOTALL)[-1]
    hello = hash_bytes(b"hello\n", BLAKE3)

    tree = native(BLAKE3).make_tree(
        [
            Entry("a b", hash_bytes(b"", BLAKE3), 0),
            Entry("bin/run", hello, 6, executable=True),
            Entry("latest", link="bin/run"),
            Entry("new/"),
        ]
    )

    assert tree.data.decode() == shown
    assert f"Its oid is `{tree.oid}`." in page


def test_the_pointer_of_the_page_is_written_so():
    page = (PAGES / "pointer.md").read_text()
    shown = re.search(r"```yaml\n(.+?)```", page, re.DOTALL)[1]

    pointer = parse("images.dvc", shown.encode(), BLAKE3)

    assert pointer.outputs[0].files == 1000
    assert with_output(None, Output(**_fields(pointer.outputs[0])), BLAKE3).text == shown


def _fields(output):
    return {name: getattr(output, name) for name in ("path", "oid", "size", "files")}
