"""`dvclite move`."""


def test_data_pointer_and_ignore_line_go_along(data):
    done = data.run("move", "model.pkl", "models/first.pkl")

    assert done.exit_code == 0
    assert done.stdout == "Moved model.pkl to models/first.pkl\n"
    assert done.stderr.startswith("hint: git add ")
    assert (data.root / "models/first.pkl").exists()
    assert (data.root / "models/first.pkl.dvc").exists()
    assert not (data.root / "model.pkl.dvc").exists()


def test_it_has_the_name_that_the_shell_has_for_it_too(data, answer):
    moved = answer(data.invoke("mv", "--json", "images", "photos"))

    assert (moved["source"], moved["target"]) == ("images", "photos")


def test_names_count_from_the_sub_folder(data):
    done = data.invoke("move", "../model.pkl", "../other.pkl", cwd="images")

    assert done.stdout == "Moved ../model.pkl to ../other.pkl\n"


def test_what_is_in_the_way_stays(data):
    data.write("other.pkl", "precious")

    done = data.invoke("move", "model.pkl", "other.pkl")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: other.pkl is there already\n")
    assert data.read("other.pkl") == b"precious"


def test_two_paths_are_needed(data):
    assert data.invoke("move", "model.pkl").exit_code == 2


def test_a_folder_of_outputs_is_not_taken_for_one_of_them(data):
    data.write("models/one", "one")
    data.write("models/two", "two")
    data.invoke("add", "models/one", "models/two")

    done = data.invoke("move", "models", "older")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: models is not tracked by dvclite\n")
    assert data.read("models/one.dvc")


def test_a_pointer_of_several_outputs_is_not_torn_apart(data):
    both = data.read("model.pkl.dvc").decode() + data.read("images.dvc").decode().partition("\n")[2]
    data.write("both.dvc", both)
    for name in ("model.pkl.dvc", "images.dvc"):
        (data.root / name).unlink()

    done = data.invoke("move", "model.pkl", "other.pkl")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: both.dvc: it names several outputs")
    assert data.read("both.dvc").decode() == both


def test_a_pointer_does_not_go_where_git_would_not_show_it(data):
    data.write(".gitignore", data.read(".gitignore").decode() + "build/\n")

    done = data.invoke("move", "model.pkl", "build/model.pkl")

    assert done.exit_code == 1
    assert "git ignores its pointer build/model.pkl.dvc" in done.stderr
    assert data.read("model.pkl.dvc")


def test_the_hint_can_be_followed_before_the_first_commit(data):
    data.write("new", "new")
    data.invoke("add", "new")

    hint = data.invoke("move", "new", "newer").stderr

    data.git(*hint.removeprefix("hint: git ").split())
