"""File names as the user would write them from the current folder."""

import pytest

from dvclite.cli.names import Names


@pytest.mark.parametrize(
    ("here", "path", "typed"),
    [
        (".", "a/b", "a/b"),
        ("a", "a/b", "b"),
        ("a", "a/b/", "b/"),
        ("a", "a", "."),
        ("a", "ab", "../ab"),
        ("a/b", "a", ".."),
        ("a/b", "a/c/d", "../c/d"),
        ("a/b", "c", "../../c"),
        ("a/b", "a/b/c/d", "c/d"),
    ],
)
def test_paths_lead_from_the_current_folder(tmp_path, monkeypatch, here, path, typed):
    (tmp_path / here).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / here)

    assert Names(tmp_path).typed(path) == typed


def test_a_symbolic_link_to_the_repository_is_no_detour(tmp_path, monkeypatch):
    (tmp_path / "repo/a").mkdir(parents=True)
    try:
        (tmp_path / "link").symlink_to("repo")
    except OSError:
        pytest.skip("symbolic links are forbidden here")
    monkeypatch.chdir(tmp_path / "link/a")

    assert Names(tmp_path / "repo").shown("a/b\n") == "b\\n"
