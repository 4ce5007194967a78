"""Outputs of DVC's pipelines take part in all that moves data, and are changed by DVC alone."""

import pytest

STAGES = """\
stages:
  make:
    cmd: mkdir -p made/sub && echo one > made/a && echo two > made/sub/b && echo {} > score.json
    outs:
    - made
    metrics:
    - score.json:
        cache: false
  each:
    foreach: [x, y]
    do:
      cmd: echo ${item} > ${item}.txt
      outs:
      - ${item}.txt:
          push: false
  below:
    wdir: inner
    cmd: echo three > c
    outs:
    - c
"""


@pytest.fixture
def piped(shared, tmp_path):
    shared.write("dvc.yaml", STAGES)
    (shared.root / "inner").mkdir()
    shared.dvc("repro")
    shared.write("plain", "plain")
    shared.lite("add", "plain")
    shared.dvc("remote", "add", "-d", "store", tmp_path / "store")
    shared.commit()
    return shared


def test_they_are_clean_and_then_they_are_not(piped):
    assert "up to date" in piped.lite("status")
    piped.write("made/a", "other")
    piped.write("inner/c", "other")
    piped.write("score.json", "other")
    told = piped.lite("status")
    for name in ("made", "inner/c", "score.json"):
        assert name in told
    assert "made/a" in piped.lite("diff")


def test_they_travel(piped, tmp_path):
    piped.lite("push")
    assert len(list(tmp_path.glob("store/files/md5/*/*"))) == 5
    assert "in sync" in piped.dvc("status", "-c")
    clone = piped.clone(tmp_path / "clone")
    assert clone.invoke("pull").exit_code != 0  # What was never pushed is missed.
    assert clone.data("made", "inner", "plain") == piped.data("made", "inner", "plain")
    piped.git("rm", "--quiet", "dvc.lock")
    piped.lite("checkout", "--rev", "HEAD", "made")
    assert piped.data("made").keys() == {"made/a", "made/sub/b"}


def test_gc_keeps_them_of_every_version(piped):
    old = piped.cached()
    piped.write("dvc.yaml", STAGES.replace("one", "another"))
    piped.dvc("repro")
    piped.commit()
    piped.write("loose", "garbage")
    piped.lite("add", "loose")
    piped.lite("remove", "--outs", "loose")
    piped.lite("gc", "--force", "--now")
    left = piped.cached()
    assert old.keys() <= left.keys()
    assert b"garbage" not in {data for _mode, data in left.values()}


def test_only_dvc_changes_them(piped):
    piped.write("made/a", "other")
    for words in (["add", "made"], ["add", "made/a"], ["commit", "made"], ["remove", "made"]):
        done = piped.invoke(*words)
        assert done.exit_code == 1, words
        assert "dvc.lock" in done.stderr
    assert piped.invoke("move", "inner/c", "d").exit_code == 1
    before = piped.read("dvc.lock")
    piped.lite("commit")
    assert piped.read("dvc.lock") == before
