import os
import stat
import sys

import configobj
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dvclite.config.editing import (
    add_remote,
    remove_remote,
    rename_remote,
    set_default_remote,
    set_option,
    unset_option,
)
from dvclite.config.ini import Document
from dvclite.config.options import OPTIONS, Kind, check_value, read_names
from dvclite.config.secrets import is_secret, public_value, redact
from dvclite.config.setting import Level
from dvclite.config.settings import Config
from dvclite.errors import (
    BadValueError,
    ConfigError,
    ConfigFileError,
    FileAccessError,
    NoDefaultRemoteError,
    NoRemoteError,
    RemoteExistsError,
    SecretInUrlError,
    UnknownOptionError,
    UnknownRemoteError,
)
from dvclite.formats.dvchome import DVC_HOME

CANARY = "correct-horse-battery"
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such thing")

# What `dvc remote add`, `dvc config` and `dvc remote modify` leave behind.
BY_DVC = """\
[cache]
    dir = ../c1
    type = "reflink,copy"
[core]
    remote = up
['remote "x"']
    url = ../store
['remote "up"']
    url = s3://b/p
    endpointurl = "http://x/#f"
    region = it's
    secret_access_key = '''a"b#c'd'''
"""


@pytest.fixture
def folder(tmp_path):
    """A repository's own folder."""
    folder = tmp_path / "repo" / ".dvclite"
    folder.mkdir(parents=True)
    return folder


def load(folder, **environ):
    return Config.load(folder, environ={**os.environ, **environ})


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())


def put(folder, level, name, value, **kwargs):
    return set_option(load(folder), level, name, value, **kwargs)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# The text of a file


def test_a_file_that_dvc_wrote_is_read():
    assert Document("config", BY_DVC).sections() == {
        "cache": {"dir": "../c1", "type": "reflink,copy"},
        "core": {"remote": "up"},
        "remote.x": {"url": "../store"},
        "remote.up": {
            "url": "s3://b/p",
            "endpointurl": "http://x/#f",
            "region": "it's",
            "secret_access_key": "a\"b#c'd",
        },
    }


def test_writing_gives_the_bytes_that_dvc_writes():
    document = Document("config")
    document.set("cache", "dir", "../c1")
    document.set("cache", "type", "reflink,copy")
    document.set("core", "remote", "up")
    document.set("remote.x", "url", "../store")
    document.set("remote.up", "url", "s3://b/p")
    document.set("remote.up", "endpointurl", "http://x/#f")
    document.set("remote.up", "region", "it's")
    document.set("remote.up", "secret_access_key", "a\"b#c'd")
    assert document.text == BY_DVC


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("o=v", "v"),
        ("  O   =   v w  ", "v w"),
        ("o = v # a comment", "v"),
        ("o = v#a comment", "v"),
        ('o = "v # no comment" # a comment', "v # no comment"),
        ("'o' = 'it\"s'", 'it"s'),
        ("o =", ""),
        ("o = # a comment", ""),
        ('o = ""', ""),
        ("o = a, b", "a, b"),
        ("o = a, \"b\" , 'c'", "a,b,c"),
        ('o = """v"w"""', 'v"w'),
        ("o = '''v''''", "v'"),
        ("o = '''first\n  second''' # a comment", "first\n  second"),
        ("o = a = b", "a = b"),
        ("o = %(x)s", "%(x)s"),
    ],
)
def test_one_option_is_read(line, value):
    assert Document("config", f"[core]\n{line}\np = 1\n").sections() == {
        "core": {"o": value, "p": "1"}
    }


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("o = v", 1, "before the first section"),
        ("[core]\nnothing", 2, "neither"),
        ("[core]\n\n\n= v", 4, "neither"),
        ("[core]\no = 'v", 2, "not closed"),
        ("[core]\no = '''v\n[x]\n", 2, "not closed"),
        ("[core]\no = 'v' w", 2, "behind a closing quote"),
        ("[core]\no = '''v''' w", 2, "behind a closing quote"),
        ("[core", 1, "title"),
        ("[]", 1, "title"),
        ("[core]]", 1, "title"),
        ("[[core]]", 1, "title"),
        ("[core]\n[Core]", 2, "second section"),
        ("['remote \"a\"']\n[core]\n['remote  \"A\"']", 3, "second section"),
        ("[core]\no = 1\nO = 2", 3, "second o"),
        ("[core]\n<<<<<<< HEAD\no = 1\n=======\no = 2\n>>>>>>> b", 2, "merge conflict"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(text, line, reason):
    with pytest.raises(ConfigFileError, match=reason) as caught:
        Document("some/config", text)
    assert str(caught.value).startswith(f"some/config:{line}: ")


names = st.text("abcXYZ_-", min_size=1, max_size=5)
words = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="\"'#,="), max_size=8
)
comments = st.sampled_from(["", " # why", "# why", "  "])
values = st.one_of(
    words,
    words.map(lambda word: f'"{word}, #{word}"'),
    words.map(lambda word: f"'{word} \" '"),
    words.map(lambda word: f"'''{word}\"'x'''"),
    st.lists(words.filter(bool), min_size=2, max_size=3).map(", ".join),
)
options = st.builds(
    lambda *parts: "".join(parts), names, st.sampled_from([" = ", "=", " =  "]), values, comments
)
fillers = st.lists(st.sampled_from(["", "# a comment", "   # another"]), max_size=2)


@st.composite
def documents(draw):
    indent = draw(st.sampled_from(["", "    ", "\t"]))
    lines = draw(fillers)
    for title in draw(
        st.lists(
            st.one_of(names, names.map(lambda name: f"'remote \"{name}\"'")), unique_by=str.lower
        )
    ):
        lines.append(f"[{title}]{draw(comments)}")
        unique = st.lists(
            options, max_size=4, unique_by=lambda line: line.split("=")[0].strip().lower()
        )
        for line in draw(unique):
            lines += draw(fillers)
            lines.append(indent + line)
    lines += draw(fillers)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(lines) + draw(st.sampled_from(["", end]))


def by_configobj(text):
    parsed = configobj.ConfigObj(text.splitlines(), interpolation=False)
    return {
        title.lower().replace('remote "', "remote.").rstrip('"'): {
            option.lower(): ",".join(value) if isinstance(value, list) else value
            for option, value in section.items()
        }
        for title, section in parsed.items()
    }


def without_spaces(sections):
    """Leave out what configobj drops around the items of a list, and we do not."""
    return {
        name: {option: value.replace(" ", "") for option, value in options.items()}
        for name, options in sections.items()
    }


@given(documents())
def test_files_are_read_as_configobj_reads_them(text):
    ours = Document("config", text).sections()
    assert without_spaces(ours) == without_spaces(by_configobj(text))


any_value = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    lambda value: not ("'''" in value and '"""' in value) and value.strip() == value
)


@given(documents(), any_value, st.data())
def test_an_edit_changes_one_line_and_reads_back(text, value, data):
    document = Document("config", text)
    before = document.sections()
    section = data.draw(st.sampled_from([*before, "core", "remote.new"]))
    option = data.draw(st.sampled_from([*before.get(section, ()), "added"]))
    document.set(section, option, value)

    expected = {name: dict(options) for name, options in before.items()}
    expected.setdefault(section, {})[option] = value
    assert document.sections() == expected
    assert Document("config", document.text).sections() == expected
    assert by_configobj(document.text)[section][option] == value
    rest = document.text.splitlines()
    kept = [line for line in text.splitlines() if line in rest]
    assert len(kept) >= len(text.splitlines()) - 1


@given(documents(), st.data())
def test_taking_an_option_out_leaves_the_other_lines(text, data):
    document = Document("config", text)
    before = document.sections()
    chosen = [(section, option) for section, options in before.items() for option in options]
    if not chosen:
        return
    section, option = data.draw(st.sampled_from(chosen))
    document.unset(section, option)
    del before[section][option]
    after = document.sections()
    assert after == before or (not before.pop(section) and after == before)
    comments = [line for line in text.splitlines() if line.strip().startswith("#")]
    assert [line for line in document.text.splitlines() if line.strip().startswith("#")] == comments


@given(st.text(max_size=200) | st.text("[]'\"=#, \n\ta", max_size=200))
@example("[a]\n\u2028")
@example("[" + " " * 100_000 + "x")
@example(" " * 100_000 + "x")
@example("[" * 100_000)
@example("[a" + " ]" * 50_000 + "x")
@example("[a]\n" + "=" * 100_000)
@example("[a]\nk" + " " * 100_000 + "x")
@example("[a]\nk = " + '"a",' * 50_000 + ' "z" z')
@example("[a]\nk = " + ",'" * 50_000)
@example("[a]\nk = a" + " " * 100_000 + '"')
@example("[a]\nk = '''" + "'" * 100_000 + "x")
@example("[a]\nk = '''" + "\n''" * 30_000)
@example('[remote "' + '"' * 100_000)
@example("['remote " + '"' * 100_000 + "']")
@example("[a]\n" + "\n".join(f"k{i} = v" for i in range(30_000)))
def test_any_text_is_read_or_refused_at_once(text):
    try:
        Document("config", text).sections()
    except ConfigFileError:
        pass


def test_comments_order_and_style_survive_every_edit():
    text = (
        "# ours\r\n\r\n[zzz]\r\nunknown=1,2 ;3\r\n"
        "['remote \"A\"']   # the first\r\n\turl=../a\r\n\t# of a\r\n\r\n# the second\r\n"
        "['remote \"b\"']\r\n\turl = ../b # near"
    )
    document = Document("config", text)
    document.set("remote.a", "url", "../c")
    document.set("remote.a", "jobs", "3")
    document.set("remote.b", "url", "x,y")
    document.set("core", "remote", "a")
    document.rename("remote.a", "remote.c")
    assert document.text == (
        "# ours\r\n\r\n[zzz]\r\nunknown=1,2 ;3\r\n"
        "['remote \"c\"']   # the first\r\n\turl=../c\r\n\tjobs = 3\r\n\t# of a\r\n\r\n# the second\r\n"
        '[\'remote "b"\']\r\n\turl = "x,y" # near\r\n[core]\r\nremote = a\r\n'
    )
    document.drop("remote.c")
    document.unset("core", "remote")
    assert document.text == (
        "# ours\r\n\r\n[zzz]\r\nunknown=1,2 ;3\r\n\t# of a\r\n\r\n# the second\r\n"
        '[\'remote "b"\']\r\n\turl = "x,y" # near\r\n'
    )


def test_a_value_that_was_empty_keeps_its_comment_apart():
    document = Document("config", "[core]\nremote = # why\njobs =\n")
    document.set("core", "remote", "a")
    document.set("core", "jobs", "1")
    assert document.text == "[core]\nremote = a # why\njobs = 1\n"


def test_a_section_that_takes_a_name_which_is_there_joins_it():
    document = Document("config", "[a]\nx = 1\ny = 2\n[b]\ny = 3\nz = 4\n")
    document.rename("a", "b")
    assert document.text == "[b]\ny = 2\nz = 4\nx = 1\n"


def test_a_section_whose_last_option_goes_stays_while_a_comment_stands_in_it():
    document = Document("config", "[core]\n    remote = a\n    # why\n[gc]\n    trash_days = 1\n")
    document.unset("core", "remote")
    document.unset("gc", "trash_days")
    assert document.text == "[core]\n    # why\n"


# Where settings stand, and which of them holds


def test_levels_override_each_other_from_system_to_environment(folder, tmp_path):
    main = tmp_path / "main" / ".dvclite"
    places = [
        (Level.SYSTEM, tmp_path / "system" / "config"),
        (Level.GLOBAL, tmp_path / "global" / "config"),
        (Level.REPOSITORY, folder / "config"),
        (Level.MAIN_WORKTREE, main / "config.local"),
        (Level.LOCAL, folder / "config.local"),
    ]
    environ = {
        "DVCLITE_SYSTEM_CONFIG_DIR": str(tmp_path / "system"),
        "DVCLITE_GLOBAL_CONFIG_DIR": str(tmp_path / "global"),
    }
    for number, (level, path) in enumerate(places):
        write(path, f"[core]\n    remote = r{number}\n[gc]\n    l{number} = {number}\n")
        config = Config.load(folder, main_folder=main, environ=environ)
        setting = config.find("core.remote")
        assert (setting.value, setting.level, setting.origin) == (f"r{number}", level, str(path))
    environ["DVCLITE_CORE_REMOTE"] = "r9"
    config = Config.load(folder, main_folder=main, environ=environ)
    assert config.get("core.remote") == "r9"
    assert config.find("core.remote").origin == "DVCLITE_CORE_REMOTE"
    assert [config.get(f"gc.l{number}") for number in range(5)] == list("01234")
    assert dict(config.files) == dict(places)
    assert [setting.name for setting in config.settings(Level.LOCAL)] == ["core.remote", "gc.l4"]
    assert [s.value for s in config.settings() if s.option == "remote"] == [
        "r0",
        "r1",
        "r2",
        "r3",
        "r4",
        "r9",
    ]


def test_sections_merge_option_by_option(folder):
    write(folder / "config", "['remote \"r\"']\n    url = s3://b\n    region = here\n")
    write(
        folder / "config.local", f"['remote \"R\"']\n    password = {CANARY}\n    region = there\n"
    )
    assert load(folder).remote("R").options == {"password": CANARY, "region": "there"}


def test_the_main_worktree_is_no_level_of_its_own_repository(folder):
    write(folder / "config.local", "[core]\nremote = x\n")
    config = Config.load(folder, main_folder=folder, environ={})
    assert Level.MAIN_WORKTREE not in config.files
    assert len(config.settings()) == 1


def test_nothing_is_set_where_there_is_no_file(folder):
    config = load(folder)
    assert config.settings() == []
    assert config.get("core.remote") is None
    assert load(None).settings() == []
    assert set(load(None).files) == {Level.SYSTEM, Level.GLOBAL}


@pytest.mark.skipif(sys.platform != "linux", reason="the places of Linux")
def test_users_and_systems_files_are_where_xdg_puts_them():
    config = Config.load(None, environ={"HOME": "/h", "XDG_CONFIG_HOME": "not/absolute"})
    assert str(config.files[Level.SYSTEM]) == "/etc/xdg/dvclite/config"
    assert str(config.files[Level.GLOBAL]) == "/h/.config/dvclite/config"
    environ = {"XDG_CONFIG_HOME": "/c", "XDG_CONFIG_DIRS": "relative:/d1:/d2"}
    config = Config.load(None, environ=environ)
    assert str(config.files[Level.SYSTEM]) == "/d1/dvclite/config"
    assert str(config.files[Level.GLOBAL]) == "/c/dvclite/config"


def test_the_process_environment_is_the_default(folder, monkeypatch):
    monkeypatch.setenv("DVCLITE_CORE_JOBS", "3")
    assert Config.load(folder).number("core.jobs") == 3


def test_what_nobody_knows_is_read_like_the_rest(folder):
    write(folder / "config", "[feature]\nmachine = true\n[core]\nanalytics = false\n")
    config = load(folder)
    assert config.get("feature.machine") == "true"
    assert config.get("Core.Analytics") == "false"


def test_a_name_without_a_section_is_no_setting(folder):
    for name in ("remote", "", ".", "core.", ".remote", "remote.url"):
        with pytest.raises(UnknownOptionError):
            load(folder).get(name)
    with pytest.raises(UnknownOptionError) as caught:
        load(folder).get("autostage")
    assert "core.autostage" in caught.value.hint


def test_variables_of_remotes_find_their_remote(folder):
    write(
        folder / "config", "['remote \"my-s3\"']\nurl = s3://a\n['remote \"my\"']\nurl = s3://b\n"
    )
    config = load(
        folder,
        DVCLITE_REMOTE_MY_S3_ENDPOINT_URL="http://e",
        DVCLITE_REMOTE_MY_JOBS="2",
        DVCLITE_REMOTE_CI_URL="s3://c",
        DVCLITE_REMOTE_CI_ENDPOINT_URL="http://f",
        DVCLITE_REMOTE_NOBODY_PASSWORD="x",
        DVCLITE_REMOTE_="x",
        DVCLITE_REMOTE__URL="x",
        DVCLITE_REMOTE_MY_="x",
        DVCLITE_CORE_REMOTE="",
    )
    assert config.remotes().keys() == {"my-s3", "my", "ci"}
    assert config.remote("my-s3").options == {"endpoint_url": "http://e"}
    assert (config.remote("my").jobs, config.remote("my").options) == (2, {})
    assert config.remote("ci").options == {"endpoint_url": "http://f"}
    assert config.get("core.remote") is None


def test_relative_paths_in_a_file_are_relative_to_its_folder(folder, home):
    write(
        folder / "config",
        "[cache]\ndir = ../../cache\n['remote \"r\"']\nurl = ../store\ncredentialpath = ~/key.json\n"
        "configpath = sub/aws\nregion = ../x\n['remote \"s\"']\nurl = s3://b/../p\n",
    )
    config = load(folder)
    top = folder.parent.parent
    assert config.get("cache.dir") == str(top / "cache")
    assert config.remote("r").url == str(folder.parent / "store")
    assert config.remote("r").options == {
        "credentialpath": str(home / "key.json"),
        "configpath": str(folder / "sub" / "aws"),
        "region": "../x",
    }
    assert config.remote("s").url == "s3://b/../p"


def test_relative_paths_in_the_environment_are_relative_to_the_current_directory(
    folder, monkeypatch
):
    monkeypatch.chdir(folder.parent)
    assert load(folder, DVCLITE_CACHE_DIR="c").get("cache.dir") == str(folder.parent / "c")


def test_typed_paths_are_stored_relative_to_the_config_file(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    add_remote(load(folder), Level.REPOSITORY, "a", "../store")
    add_remote(load(folder), Level.REPOSITORY, "b", "data", typed_in=tmp_path / "repo" / "sub")
    add_remote(load(folder), Level.REPOSITORY, "c", str(tmp_path / "abs"))
    add_remote(load(folder), Level.REPOSITORY, "d", "~/store")
    add_remote(load(folder), Level.REPOSITORY, "e", "gs://b/p")
    put(folder, Level.REPOSITORY, "cache.dir", "../cache")
    put(folder, Level.LOCAL, "remote.e.credentialpath", "key.json")
    stored = Document("", (folder / "config").read_text()).sections()
    assert [stored[f"remote.{name}"]["url"] for name in "abcde"] == [
        "../../store",
        "../sub/data",
        str(tmp_path / "abs"),
        "~/store",
        "gs://b/p",
    ]
    assert stored["cache"]["dir"] == "../../cache"
    private = Document("", (folder / "config.local").read_text()).sections()
    assert private["remote.e"]["credentialpath"] == "../key.json"
    assert load(folder).get("remote.a.url") == str(tmp_path / "store")
    assert load(folder).get("cache.dir") == str(tmp_path / "cache")


# Typed values


def test_options_that_are_not_set_have_their_defaults(folder):
    config = load(folder)
    assert config.flag("core.autostage") is False
    assert config.text("core.hash") == "blake3"
    assert config.names("cache.type") == ("reflink", "copy")
    assert config.number("gc.trash_days") == 7
    assert config.number("core.jobs") is None
    assert config.text("cache.shared") == ""


def test_typed_values_are_read_in_their_spellings(folder):
    write(
        folder / "config",
        "[core]\nautostage = Yes\nno_scm = 0\nhash = XXH128\njobs = 7\n"
        "[cache]\ntype = Hardlink, copy,\nshared = Group\n",
    )
    config = load(folder)
    assert config.flag("core.autostage") is True
    assert config.flag("core.no_scm") is False
    assert config.text("core.hash") == "xxh128"
    assert config.number("core.jobs") == 7
    assert config.names("cache.type") == ("hardlink", "copy")
    assert config.text("cache.shared") == "group"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("core.autostage", "maybe", "true or false"),
        ("core.jobs", "0", "1 or more"),
        ("core.jobs", "-1", "whole number"),
        ("core.jobs", "²", "whole number"),
        ("core.jobs", "9999999999", "whole number"),
        ("gc.trash_days", "a week", "0 or more"),
        ("cache.type", "reflink,teleport", "reflink, hardlink, symlink, copy"),
        ("cache.type", ",", "reflink"),
        ("cache.shared", "all", "group"),
        ("core.hash", "md5", "blake3 or xxh128"),
        ("core.bandwidth", "fast", "500KiB or 10MB"),
        ("core.bandwidth", "100", "64KiB at least"),
        ("core.bandwidth", "-5MB", "500KiB"),
        ("core.bandwidth", "1.5MB", "500KiB"),
    ],
)
def test_a_malformed_value_is_named_with_its_file_and_never_written(folder, name, value, expected):
    section, option = name.split(".")
    write(folder / "config", f"[{section}]\n{option} = {value}\n")
    kind = next(o for o in OPTIONS if (o.section, o.name) == (section, option)).kind
    getter = {
        Kind.FLAG: "flag",
        Kind.NUMBER: "number",
        Kind.NAMES: "names",
        Kind.TEXT: "text",
        Kind.RATE: "rate",
    }[kind]
    with pytest.raises(BadValueError) as caught:
        getattr(load(folder), getter)(name)
    for fact in (name, repr(value), str(folder / "config"), expected):
        assert fact in str(caught.value)
    before = (folder / "config").read_bytes()
    with pytest.raises(BadValueError):
        put(folder, Level.REPOSITORY, name, value)
    assert (folder / "config").read_bytes() == before


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        ("0", 0),
        ("100000", 100_000),
        ("500k", 500_000),
        ("500KiB", 512_000),
        ("10MB", 10_000_000),
        ("10 MiB/s", 10 << 20),
        ("1g", 1_000_000_000),
    ],
)
def test_a_rate_may_have_a_unit(folder, value, rate):
    write(
        folder / "config",
        f"[core]\nbandwidth = {value}\n['remote \"r\"']\nurl = s3://b\nbandwidth = {value}\n",
    )
    assert load(folder).rate("core.bandwidth") == rate
    assert load(folder).remote().bandwidth == rate
    assert load(folder).remote().options == {}


def test_a_malformed_variable_is_named(folder):
    with pytest.raises(BadValueError, match="DVCLITE_CORE_JOBS"):
        load(folder, DVCLITE_CORE_JOBS="many").number("core.jobs")


def test_every_default_is_allowed_and_every_option_described():
    for option in OPTIONS:
        assert option.description.endswith(".")
        if option.default:
            check_value(option, option.name, option.default)
        if option.kind is Kind.NAMES:
            assert set(read_names(option.default)) <= set(option.allowed)


# Remotes


def test_the_default_remote_is_the_named_one_or_the_only_one(folder):
    with pytest.raises(NoRemoteError):
        load(folder).remote()
    add_remote(load(folder), Level.REPOSITORY, "Only", "s3://a")
    assert load(folder).remote().name == "only"
    add_remote(load(folder), Level.REPOSITORY, "other", "s3://b")
    with pytest.raises(NoDefaultRemoteError, match="only, other"):
        load(folder).remote()
    set_default_remote(load(folder), Level.REPOSITORY, "OTHER")
    assert load(folder).remote().url == "s3://b"
    with pytest.raises(UnknownRemoteError, match="only, other"):
        load(folder).remote("nowhere")
    with pytest.raises(UnknownRemoteError):
        set_default_remote(load(folder), Level.REPOSITORY, "nowhere")


def test_a_default_that_names_no_remote_is_an_error(folder):
    write(folder / "config", "[core]\nremote = gone\n['remote \"r\"']\nurl = s3://b\n")
    with pytest.raises(UnknownRemoteError, match="gone"):
        load(folder).remote()


def test_jobs_and_options_without_effect_are_kept_from_the_plugin(folder):
    write(
        folder / "config", "['remote \"r\"']\nurl = s3://b\njobs = 4\nverify = true\nregion = x\n"
    )
    remote = load(folder).remote()
    assert (remote.jobs, remote.options) == (4, {"region": "x"})
    write(folder / "config", "['remote \"r\"']\nurl = s3://b\njobs = all\n")
    with pytest.raises(BadValueError, match=r"remote\.r\.jobs"):
        load(folder).remote()


def test_an_address_may_refer_to_another_remote(folder):
    write(
        folder / "config",
        "['remote \"base\"']\nurl = s3://b/p/\nregion = x\nprofile = me\n"
        "['remote \"below\"']\nurl = remote://BASE/sub/dir\nprofile = you\n"
        "['remote \"same\"']\nurl = remote://below\n"
        "['remote \"lost\"']\nurl = remote://nowhere/x\n"
        "['remote \"a\"']\nurl = remote://b/x\n['remote \"b\"']\nurl = remote://a/y\n",
    )
    config = load(folder)
    assert config.remote("below").url == "s3://b/p/sub/dir"
    assert config.remote("below").options == {"region": "x", "profile": "you"}
    assert config.remote("same").url == "s3://b/p/sub/dir"
    with pytest.raises(UnknownRemoteError, match="nowhere"):
        config.remote("lost")
    with pytest.raises(ConfigError, match="a → b → a"):
        config.remote("a")


def test_a_long_chain_of_references_is_refused(folder):
    chain = "".join(f"['remote \"r{n}\"']\nurl = remote://r{n + 1}\n" for n in range(5000))
    write(folder / "config", chain)
    with pytest.raises(ConfigError, match="on and on"):
        load(folder).remote("r0")


def test_a_remote_without_an_address_is_no_remote(folder):
    write(folder / "config.local", "['remote \"r\"']\nregion = x\n['remote \"s\"']\nurl =\n")
    assert load(folder).remotes() == {}
    with pytest.raises(UnknownRemoteError):
        load(folder).remote("r")


def test_adding_a_remote_twice_needs_force(folder):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a", default=True)
    put(folder, Level.REPOSITORY, "remote.r.region", "x")
    with pytest.raises(RemoteExistsError):
        add_remote(load(folder), Level.REPOSITORY, "R", "s3://b")
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://b", replace=True)
    assert (folder / "config").read_text() == (
        "[core]\n    remote = r\n['remote \"r\"']\n    url = s3://b\n"
    )


@pytest.mark.parametrize(
    "name", ["", ".", "-x", "a b", 'a"b', "a'b", "a/b", "a]", "a\nb", "x" * 200]
)
def test_a_remote_cannot_have_any_name(folder, name):
    with pytest.raises(BadValueError):
        add_remote(load(folder), Level.REPOSITORY, name, "s3://a")


def test_removing_a_remote_takes_its_secrets_and_the_default_along(folder):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a", default=True)
    add_remote(load(folder), Level.REPOSITORY, "s", "s3://b")
    put(folder, Level.REPOSITORY, "remote.r.password", CANARY)
    set_default_remote(load(folder), Level.LOCAL, "r")
    changes = remove_remote(load(folder), "R")
    assert [change.level for change in changes] == [Level.LOCAL, Level.REPOSITORY]
    assert (folder / "config.local").read_text() == ""
    assert (folder / "config").read_text() == "['remote \"s\"']\n    url = s3://b\n"


def test_renaming_a_remote_takes_its_secrets_and_the_default_along(folder):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a", default=True)
    add_remote(load(folder), Level.REPOSITORY, "s", "s3://b")
    put(folder, Level.REPOSITORY, "remote.r.password", CANARY)
    with pytest.raises(RemoteExistsError):
        rename_remote(load(folder), "r", "S")
    rename_remote(load(folder), "r", "New")
    remote = load(folder).remote()
    assert (remote.name, remote.url, remote.options) == ("new", "s3://a", {"password": CANARY})
    assert load(folder).remote_names() == ["new", "s"]


def test_an_interrupted_rename_is_completed_by_the_next(folder, monkeypatch):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a")
    put(folder, Level.REPOSITORY, "remote.r.password", CANARY)
    before = (folder / "config").read_bytes()
    rename_remote(load(folder), "r", "new")
    (folder / "config").write_bytes(before)  # As if the power had gone between the two files.
    rename_remote(load(folder), "r", "new")
    assert load(folder).remote("new").options == {"password": CANARY}
    assert load(folder).remote_names() == ["new"]


def test_a_remote_of_another_level_is_left_alone(folder):
    add_remote(load(folder), Level.GLOBAL, "r", "s3://a")
    for change in (remove_remote, lambda *args: rename_remote(*args[:2], "x", *args[2:])):
        with pytest.raises(ConfigError, match="level global"):
            change(load(folder), "r")
        with pytest.raises(UnknownRemoteError):
            change(load(folder), "nowhere")
    assert load(folder).remote_names() == ["r"]
    remove_remote(load(folder), "r", Level.GLOBAL)
    assert load(folder).remote_names() == []


# Writing


def test_setting_and_unsetting_leave_the_file_as_it_was(folder):
    text = "# ours\n[core]\n    remote = a # b\n"
    write(folder / "config", text)
    change = put(folder, Level.REPOSITORY, "Core.AutoStage", "true")
    assert (change.level, change.path, change.kept_private) == (
        Level.REPOSITORY,
        folder / "config",
        False,
    )
    assert (folder / "config").read_text() == text + "    autostage = true\n"
    unset_option(load(folder), Level.REPOSITORY, "core.autostage")
    assert (folder / "config").read_text() == text
    with pytest.raises(ConfigError, match="not set"):
        unset_option(load(folder), Level.REPOSITORY, "core.autostage")


def test_an_option_that_is_not_known_can_be_unset(folder):
    write(folder / "config", "[core]\nremtoe = a\n")
    unset_option(load(folder), Level.REPOSITORY, "core.remtoe")
    assert (folder / "config").read_text() == ""


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("core.autostge", "core.autostage"),
        ("cache.types", "cache.type"),
        ("core.dir", "cache.dir"),
        ("gx.trash_days", "gc.trash_days"),
        ("nothing.like.this", "config --help"),
    ],
)
def test_an_unknown_option_is_refused_with_what_may_be_meant(folder, name, close):
    with pytest.raises(UnknownOptionError) as caught:
        put(folder, Level.REPOSITORY, name, "x")
    assert close in caught.value.hint
    assert not (folder / "config").exists()


def test_options_of_a_plugin_pass_through_for_a_remote_that_exists(folder):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a")
    put(folder, Level.REPOSITORY, "remote.r.made-up_option", "x, y # z")
    assert load(folder).remote("r").options == {"made-up_option": "x, y # z"}
    with pytest.raises(UnknownRemoteError):
        put(folder, Level.REPOSITORY, "remote.nowhere.option", "x")
    with pytest.raises(UnknownOptionError):
        put(folder, Level.REPOSITORY, "remote.r.an option", "x")


@pytest.mark.parametrize("value", ["", "a\nb = c", "a\0", "a\x85b", "a\u2028b", "\udcff"])
def test_a_value_that_would_not_read_back_is_refused(folder, value):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a")
    before = (folder / "config").read_bytes()
    for name in ("remote.r.region", "cache.dir"):
        with pytest.raises(BadValueError):
            put(folder, Level.REPOSITORY, name, value)
    assert (folder / "config").read_bytes() == before


def test_a_file_that_says_so_already_is_not_written_again(folder):
    put(folder, Level.REPOSITORY, "core.remote", "a")
    before = (folder / "config").stat()
    put(folder, Level.REPOSITORY, "core.remote", "A")
    after = (folder / "config").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_somebody_else_wrote_in_between_stays(folder):
    config = load(folder)
    put(folder, Level.REPOSITORY, "core.remote", "a")
    set_option(config, Level.REPOSITORY, "core.jobs", "2")
    assert load(folder).get("core.remote") == "a"


def test_the_users_own_file_is_made_with_its_folder(folder, home):
    set_option(load(None), Level.GLOBAL, "core.jobs", "2")
    path = load(None).files[Level.GLOBAL]
    assert home in path.parents
    assert load(folder).number("core.jobs") == 2
    if os.name != "nt":
        assert mode(path) == 0o600


def test_outside_of_a_repository_its_levels_cannot_be_changed():
    for level in (Level.REPOSITORY, Level.LOCAL):
        with pytest.raises(ConfigError, match=f"no {level.value} config"):
            put(None, level, "core.jobs", "2")
    with pytest.raises(ConfigError, match="no environment config"):
        put(None, Level.ENVIRONMENT, "core.jobs", "2")


def test_the_hash_of_a_repository_stays_what_it_is(folder):
    write(folder / "config", "[core]\n    hash = xxh128\n")

    with pytest.raises(ConfigError, match="for good"):
        put(folder, Level.REPOSITORY, "core.hash", "blake3")

    put(folder, Level.REPOSITORY, "core.hash", "xxh128")


@pytest.mark.parametrize(
    ("name", "typed", "written"),
    [
        ("core.autostage", "Yes", "true"),
        ("core.no_scm", "0", "false"),
        ("core.remote", "Origin", "origin"),
        ("core.jobs", " 08", "8"),
        ("cache.type", "Hardlink, copy", "hardlink,copy"),
        ("cache.shared", "GROUP", "group"),
    ],
)
def test_values_are_written_in_the_one_spelling_that_dvc_takes(folder, name, typed, written):
    put(folder, Level.REPOSITORY, name, typed)
    assert load(folder).get(name) == written


# Hostile and broken files


def test_a_file_that_is_not_text_is_refused_with_its_line(folder):
    (folder / "config").write_bytes(b"[core]\n# \xff\n")
    with pytest.raises(ConfigFileError) as caught:
        load(folder)
    assert str(caught.value).startswith(f"{folder / 'config'}:2: ")


def test_a_byte_order_mark_is_passed_over(folder):
    (folder / "config").write_bytes(b"\xef\xbb\xbf[core]\nremote = a\n")
    assert load(folder).get("core.remote") == "a"


def test_a_file_that_is_too_large_is_refused(folder):
    (folder / "config").write_bytes(b"#" * (1 << 20))
    assert load(folder).settings() == []
    with pytest.raises(ConfigError, match="larger"):
        put(folder, Level.REPOSITORY, "core.remote", "a")
    (folder / "config").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(FileAccessError, match="larger"):
        load(folder)


@posix_only
def test_a_file_larger_than_memory_is_refused(folder):
    (folder / "config").touch()
    os.truncate(folder / "config", 1 << 42)
    with pytest.raises(FileAccessError, match="larger"):
        load(folder)


@posix_only
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p)])
def test_what_is_no_file_is_refused_without_waiting(folder, make):
    make(folder / "config")
    with pytest.raises(FileAccessError):
        load(folder)


@posix_only
def test_a_file_that_may_not_be_read_is_an_error(folder):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    write(folder / "config", "[core]\n")
    (folder / "config").chmod(0)
    with pytest.raises(FileAccessError):
        load(folder)


@posix_only
def test_nothing_is_written_through_a_link_in_the_repository(folder, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("[user]\n")
    for name, level in [("config", Level.REPOSITORY), ("config.local", Level.LOCAL)]:
        (folder / name).symlink_to(victim)
        with pytest.raises(ConfigError, match="symbolic link"):
            put(folder, level, "core.remote", "a")
    assert victim.read_text() == "[user]\n"


# Secrets


@pytest.mark.parametrize(
    "option",
    [
        "access_key_id",
        "secret_access_key",
        "session_token",
        "password",
        "passphrase",
        "token",
        "connection_string",
        "account_key",
        "sas_token",
        "client_secret",
        "sse_customer_key",
        "custom_auth_header",
        "gdrive_client_secret",
        "oss_key_id",
        "oss_key_secret",
        "my-plugin-API-key",
    ],
)
def test_secrets_go_into_the_private_file(folder, option):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a")
    change = put(folder, Level.REPOSITORY, f"remote.r.{option}", CANARY)
    assert change.kept_private
    assert (change.level, change.path) == (Level.LOCAL, folder / "config.local")
    assert CANARY not in (folder / "config").read_text()
    config = load(folder)
    assert config.remote().options == {option.lower(): CANARY}
    assert CANARY not in repr(config.remote()) + repr(config.settings()) + str(config.remotes())
    assert CANARY not in config.find(f"remote.r.{option}").shown
    change = unset_option(load(folder), Level.REPOSITORY, f"remote.r.{option}")
    assert change.kept_private
    assert load(folder).remote().options == {}


@pytest.mark.parametrize(
    "option",
    [
        *("url", "region", "profile", "credentialpath", "configpath", "endpointurl", "acl", "sse"),
        *("sse_kms_key_id", "sse_customer_algorithm", "account_name", "client_id", "tenant_id"),
        *("ask_password", "keyfile", "key_path", "gdrive_user_credentials_file", "user", "jobs"),
        *("exclude_shared_token_cache_credential", "bearer_token_command", "use_ssl"),
    ],
)
def test_what_is_no_secret_is_shown_and_tracked(option):
    assert not is_secret(option)
    assert public_value(option, "value") == "value"


@pytest.mark.parametrize("option", ["credentialpath", "configpath"])
def test_where_a_file_of_secrets_is_stays_private_and_is_shown(folder, option):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://b")
    change = put(folder, Level.REPOSITORY, f"remote.r.{option}", "/home/me/keys")
    assert change.kept_private
    assert option not in (folder / "config").read_text()
    assert load(folder).find(f"remote.r.{option}").shown == "/home/me/keys"
    assert unset_option(load(folder), Level.REPOSITORY, f"remote.r.{option}").kept_private


def test_options_that_come_with_the_repository_are_told_apart(folder):
    write(
        folder / "config",
        "['remote \"base\"']\nurl = s3://b\nregion = x\nprofile = p\n"
        "['remote \"r\"']\nurl = remote://base/sub\nacl = a\n",
    )
    write(folder / "config.local", "['remote \"base\"']\nprofile = mine\n")
    remote = load(folder, DVCLITE_REMOTE_R_SSE="AES256").remote("r")
    assert remote.tracked == {"region", "acl"}
    assert remote.options == {"region": "x", "profile": "mine", "acl": "a", "sse": "AES256"}


@posix_only
def test_the_private_file_is_closed_to_others(folder):
    add_remote(load(folder), Level.REPOSITORY, "r", "s3://a")
    put(folder, Level.LOCAL, "core.remote", "r")
    assert mode(folder / "config.local") == 0o600
    (folder / "config.local").chmod(0o664)
    put(folder, Level.LOCAL, "core.autostage", "true")
    assert mode(folder / "config.local") == 0o664
    put(folder, Level.LOCAL, "remote.r.token", CANARY)
    assert mode(folder / "config.local") == 0o600
    umask = os.umask(0)
    os.umask(umask)
    assert mode(folder / "config") == 0o666 & ~umask


def test_a_password_in_an_address_is_refused_for_the_tracked_file(folder):
    url = f"https://me:{CANARY}@host/x"
    with pytest.raises(SecretInUrlError) as caught:
        add_remote(load(folder), Level.REPOSITORY, "r", url)
    assert CANARY not in str(caught.value) + caught.value.hint
    assert "--local" in caught.value.hint
    assert not (folder / "config").exists()
    add_remote(load(folder), Level.LOCAL, "r", url)
    remote = load(folder).remote()
    assert remote.url == url
    assert CANARY not in repr(remote) + remote.shown_url
    with pytest.raises(SecretInUrlError):
        put(folder, Level.REPOSITORY, "remote.r.endpointurl", url)
    with pytest.raises(BadValueError) as bad:
        put(folder, Level.REPOSITORY, "remote.r.endpointurl", url + "\n")
    assert CANARY not in str(bad.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket/a:b@c", "s3://bucket/a:b@c"),
        ("https://host:8080/a", "https://host:8080/a"),
        ("ssh://me@host/a", "ssh://me@host/a"),
        ("ssh://me:pw@host/a", "ssh://me:***@host/a"),
        ("ssh://:p#w?@host/a", "ssh://:***@host/a"),
        ("failed: https://me:p@w@host/a, again", "failed: https://me:***@host/a, again"),
        ("https://ghp_0123456789abcdefghij@github.com/x", "https://***@github.com/x"),
        ("https://h/x?sig=abc&se=1", "https://h/x?sig=***&se=1"),
        (
            "https://h/x?X-Amz-Date=1&X-Amz-Signature=ab&X-Amz-Security-Token=cd#e",
            "https://h/x?X-Amz-Date=1&X-Amz-Signature=***&X-Amz-Security-Token=***#e",
        ),
        (
            "https://h/x?AWSAccessKeyId=a&Signature=b",
            "https://h/x?AWSAccessKeyId=***&Signature=***",
        ),
        ("no address: a:b@c", "no address: a:b@c"),
    ],
)
def test_text_is_shown_without_the_secrets_of_its_addresses(text, shown):
    assert redact(text) == shown
    assert redact(shown) == shown


@given(st.text())
@example("://" * 30_000)
@example("://" + "a" * 100_000)
@example("://" + "?" * 100_000)
@example("://?" + "a_" * 50_000 + "=b")
def test_any_text_is_redacted_at_once(text):
    assert redact(redact(text)) == redact(text)


@pytest.fixture
def shared(tmp_path):
    """The folder of a repository that DVC works in, too, and a way to change and load settings."""
    folder = tmp_path / "repo" / ".dvc"
    folder.mkdir(parents=True)
    places = {"DVC": tmp_path / "theirs", "DVCLITE": tmp_path / "ours"}
    environ = {f"{name}_GLOBAL_CONFIG_DIR": str(place) for name, place in places.items()}

    def load_shared():
        return Config.load(folder, environ=environ, home=DVC_HOME)

    return folder, load_shared


@pytest.mark.parametrize("name", ["gc.trash_days", "core.jobs", "remote.here.layout"])
def test_own_options_stay_out_of_files_that_dvc_reads_too(shared, name):
    folder, load_shared = shared
    add_remote(load_shared(), Level.REPOSITORY, "here", "/data")
    before = (folder / "config").read_bytes()
    value = "packs" if name.endswith("layout") else "3"
    for level in (Level.GLOBAL, Level.REPOSITORY, Level.LOCAL):
        set_option(load_shared(), level, name, value)
    assert (folder / "config").read_bytes() == before
    assert not (folder / "config.local").exists()
    assert sorted(path.name for path in folder.parents[1].glob("theirs/*")) == []
    assert load_shared().get(name) == value
    assert [setting.level for setting in load_shared().settings() if setting.name == name] == [
        Level.GLOBAL,
        Level.REPOSITORY,
        Level.LOCAL,
    ]
    for level in (Level.GLOBAL, Level.REPOSITORY, Level.LOCAL):
        unset_option(load_shared(), level, name)
    assert load_shared().find(name) is None


def test_what_dvc_knows_stands_where_dvc_looks(shared):
    folder, load_shared = shared
    set_option(load_shared(), Level.GLOBAL, "core.autostage", "true")
    set_option(load_shared(), Level.REPOSITORY, "cache.type", "hardlink,copy")
    add_remote(load_shared(), Level.REPOSITORY, "Store", "s3://bucket/a", default=True)
    set_option(load_shared(), Level.REPOSITORY, "remote.store.secret_access_key", "abc")
    assert (folder.parents[1] / "theirs/config").read_text() == "[core]\n    autostage = true\n"
    assert (folder / "config").read_text() == (
        '[cache]\n    type = "hardlink,copy"\n[core]\n    remote = store\n'
        "['remote \"store\"']\n    url = s3://bucket/a\n"
    )
    assert (folder / "config.local").read_text() == (
        "['remote \"store\"']\n    secret_access_key = abc\n"
    )
    assert load_shared().flag("core.autostage")


def test_a_remote_that_dvc_cannot_open_stands_where_only_dvclite_looks(shared):
    folder, load_shared = shared
    add_remote(load_shared(), Level.REPOSITORY, "odd", "mine://place", default=True)
    assert not (folder / "config").exists()
    assert load_shared().remote().url == "mine://place"
    rename_remote(load_shared(), "odd", "even")
    assert load_shared().default_remote() == "even"
    remove_remote(load_shared(), "even")
    assert load_shared().remote_names() == []
