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
