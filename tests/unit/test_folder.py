import os
import threading

import pytest

from dvclite.files.folder import Folder

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no directory descriptors")


@pytest.fixture
def outside(tmp_path):
    """A folder of somebody else's, with a file that must never be read or touched."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_bytes(b"secret")
    return folder


@pytest.fixture
def place(tmp_path):
    """The folder that names are resolved in."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_names_are_found_read_and_removed(place):
    (place / "file").write_bytes(b"data")
    (place / "inner").mkdir()

    with Folder.open(place) as folder:
        assert sorted(folder.names()) == ["file", "inner"]
        fd = folder.open_file("file")
        assert os.read(fd, 10) == b"data"
        os.close(fd)
        assert folder.lstat("file").st_size == 4
        assert folder.lstat("nothing") is None
        folder.unlink("file")
        folder.remove_child("inner")

    assert os.listdir(place) == []


def test_folders_below_are_opened_and_made(place):
    with Folder.open(place) as folder:
        with folder.below("a/b/c", make=True) as inner:
            assert inner.path == os.path.join(place, "a", "b", "c")
        with folder.below("a/b") as inner:
            assert inner.names() == ["c"]
        with folder.below("") as inner:
            assert inner is folder
        with pytest.raises(FileNotFoundError), folder.below("a/x/c"):
            pass
        assert folder.names() == ["a"]


def test_the_error_names_the_whole_path(place):
    with Folder.open(place) as folder, folder.make_child("a") as inner:
        with pytest.raises(FileNotFoundError) as absent:
            inner.child("b")
        with pytest.raises(FileNotFoundError) as missing:
            inner.open_file("c")

    assert absent.value.filename == os.path.join(place, "a", "b")
    assert missing.value.filename == os.path.join(place, "a", "c")


def test_no_descriptor_is_left_open(place):
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc")
    before = len(os.listdir("/proc/self/fd"))

    with Folder.open(place) as folder:
        for path in ("a/b/c", "a/x"):
            with folder.below(path, make=True):
                pass
        with pytest.raises(FileNotFoundError), folder.below("a/b/y/z"):
            pass

    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/", "../outside", "/etc"])
def test_only_names_of_things_in_the_folder_are_taken(place, outside, name):
    (place / "a" / "b").mkdir(parents=True)

    with Folder.open(place) as folder:
        with pytest.raises(ValueError, match="not the name"):
            folder.child(name)
        with pytest.raises(ValueError, match="not the name"):
            folder.make_child(name)


def test_a_file_is_no_folder(place):
    (place / "file").touch()

    with Folder.open(place) as folder, pytest.raises(NotADirectoryError):
        folder.child("file")
    with pytest.raises(NotADirectoryError):
        Folder.open(place / "file")


@posix
def test_a_link_in_place_of_a_folder_is_never_followed(place, outside):
    (place / "link").symlink_to(outside)
    (place / "loop").symlink_to("loop")
    (place / "here").symlink_to(".")

    with Folder.open(place) as folder:
        for name in ("link", "loop", "here"):
            with pytest.raises(NotADirectoryError) as refusal:
                folder.child(name)
            assert refusal.value.filename == os.path.join(place, name)
            with pytest.raises(NotADirectoryError):
                folder.make_child(name)
            with pytest.raises(NotADirectoryError), folder.below(f"{name}/x", make=True):
                pass

    assert os.listdir(outside) == ["secret"]


@posix
def test_a_link_in_place_of_a_file_is_never_followed(place, outside):
    (place / "link").symlink_to(outside / "secret")
    (place / "new").write_bytes(b"new")

    with Folder.open(place) as folder:
        with pytest.raises(OSError, match="symbolic links"):
            folder.open_file("link")
        assert folder.read_link("link") == str(outside / "secret")
        folder.take(str(place / "new"), "link")

    assert (outside / "secret").read_bytes() == b"secret"
    assert not (place / "link").is_symlink()


@posix
def test_a_pipe_that_nobody_writes_to_does_not_make_us_wait(place):
    os.mkfifo(place / "pipe")

    with Folder.open(place) as folder:
        os.close(folder.open_file("pipe"))
        with pytest.raises(NotADirectoryError):
            folder.child("pipe")


@posix
def test_the_folder_stays_the_same_one_when_its_path_leads_elsewhere(place, outside):
    with Folder.open(place) as folder:
        os.rename(place, place.with_name("moved"))
        place.symlink_to(outside)
        (place.with_name("new")).write_bytes(b"new")
        folder.take(str(place.with_name("new")), "secret")
        folder.make_child("made").close()
        assert sorted(folder.names()) == ["made", "secret"]

    assert (outside / "secret").read_bytes() == b"secret"
    assert os.listdir(outside) == ["secret"]


@posix
def test_nothing_is_reached_through_a_folder_that_was_closed(place):
    (place / "file").touch()
    folder = Folder.open(place)
    folder.close()
    folder.close()

    for use in (
        folder.names,
        lambda: folder.open_file("file"),
        lambda: folder.unlink("file"),
        lambda: folder.lstat("file"),
        lambda: folder.child("file"),
    ):
        with pytest.raises(OSError, match="Bad file descriptor"):
            use()

    assert (place / "file").exists()


@posix
def test_a_folder_that_is_swapped_for_a_link_never_leads_out(place, outside):
    """Somebody swaps `inner` for a link to a folder outside and back, as fast as they can."""
    inner, real, link = place / "inner", place / "real", place / "link"
    inner.mkdir()
    link.symlink_to(outside)
    done = threading.Event()

    def swap():
        while not done.is_set():
            os.rename(inner, real)
            os.rename(link, inner)
            os.rename(inner, link)
            os.rename(real, inner)

    attacker = threading.Thread(target=swap)
    attacker.start()
    written = refused = 0
    try:
        with Folder.open(place) as folder:
            for number in range(100_000):
                source = place / "source"
                source.write_bytes(b"ours")
                try:
                    with folder.below("inner") as found:
                        found.take(str(source), f"file{number}")
                        assert found.lstat("secret") is None
                        with pytest.raises(FileNotFoundError):
                            found.open_file("secret")
                        found.unlink(f"file{number}")
                    written += 1
                except (FileNotFoundError, NotADirectoryError):
                    refused += 1
                if written >= 300 and refused >= 300:
                    break
    finally:
        done.set()
        attacker.join()

    assert os.listdir(outside) == ["secret"]
    assert written >= 300
    assert refused >= 300
