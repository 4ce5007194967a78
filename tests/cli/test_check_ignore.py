"""`dvclite check-ignore`."""

import pytest


@pytest.fixture
def ignoring(repo):
    repo.write(".dvcignore", "*.tmp\n!keep.tmp\n")
    return repo


def test_ignored_paths_are_named(ignoring):
    done = ignoring.run("check-ignore", "a.tmp", "a.csv", "keep.tmp")

    assert (done.exit_code, done.stdout, done.stderr) == (0, "a.tmp\n", "")


def test_the_exit_code_says_whether_there_are_any(ignoring):
    assert ignoring.invoke("check-ignore", "a.csv").exit_code == 1
    assert ignoring.invoke("check-ignore", "keep.tmp").exit_code == 1
    assert ignoring.invoke("check-ignore", "-q", "a.tmp").exit_code == 0


def test_details_name_file_line_and_pattern(ignoring):
    done = ignoring.invoke("check-ignore", "-d", "a.tmp", "keep.tmp", "a.csv")
    more = ignoring.invoke("check-ignore", "-d", "-n", "a.csv")

    assert done.stdout == ".dvcignore:1:*.tmp\ta.tmp\n.dvcignore:2:!keep.tmp\tkeep.tmp\n"
    assert more.stdout == "::\ta.csv\n"


def test_paths_may_come_from_standard_input(ignoring):
    done = ignoring.run("check-ignore", "--stdin", stdin="a.tmp\na.csv\nb.tmp\n")

    assert done.stdout == "a.tmp\nb.tmp\n"


def test_paths_are_shown_as_they_were_typed(ignoring):
    (ignoring.root / "below").mkdir()

    done = ignoring.invoke("check-ignore", "../x.tmp", cwd="below")

    assert done.stdout == "../x.tmp\n"


def test_json_tells_of_every_path(ignoring, answer):
    found = answer(ignoring.invoke("check-ignore", "--json", "a.tmp", "a.csv"))

    match = {"file": ".dvcignore", "line": 1, "pattern": "*.tmp", "ignores": True}
    assert found == [{"path": "a.tmp", "match": match}, {"path": "a.csv", "match": None}]


def test_words_that_make_no_sense_together(ignoring):
    assert ignoring.invoke("check-ignore").exit_code == 2
    assert ignoring.invoke("check-ignore", "--stdin", "a.tmp").exit_code == 2
    assert ignoring.invoke("check-ignore", "-n", "a.tmp").exit_code == 2
