"""One module owns every change to the file system, so that faults can be injected at each.

SQLite writes its databases by itself: what they hold is derived, and may be lost at any time.
"""

import ast

import pytest

OWNER = "dvclite.files.changes"

DATABASES = {"dvclite.database": {"unlink"}}
"""What modules may do to their own databases: throw damaged ones away."""

# fmt: off
MUTATING = {
    "os": {
        "chflags", "chmod", "chown", "copy_file_range", "fchmod", "fchown", "fdatasync", "fsync",
        "ftruncate", "lchflags", "lchmod", "lchown", "link", "makedirs", "mkdir", "mkfifo", "mknod",
        "posix_fallocate", "pwrite", "pwritev", "remove", "removedirs", "removexattr", "rename",
        "renames", "replace", "rmdir", "sendfile", "setxattr", "splice", "symlink", "sync",
        "truncate", "unlink", "utime", "write", "writev",
    },
    "shutil": {
        "chown", "copy", "copy2", "copyfile", "copyfileobj", "copymode", "copystat", "copytree",
        "make_archive", "move", "rmtree", "unpack_archive",
    },
    "tempfile": {
        "NamedTemporaryFile", "SpooledTemporaryFile", "TemporaryDirectory", "TemporaryFile",
        "mkdtemp", "mkstemp", "mktemp",
    },
    "fcntl": {"ioctl"},
}
# fmt: on

FUNCTION_HOLDERS = {*MUTATING, "io", "dataclasses"}
"""Modules that are told from variables by their names."""

METHODS = {
    **dict.fromkeys(("mkdir", "rmdir", "touch", "unlink"), 0),
    **dict.fromkeys(("chmod", "lchmod", "rename", "replace", "hardlink_to", "symlink_to"), 1),
    **dict.fromkeys(("write_bytes", "write_text"), 1),
}
"""Of paths, with how many arguments they take by position: those of a string, or of a folder held
open, of the same name take one more."""

CREATING_FLAGS = {"O_APPEND", "O_CREAT", "O_EXCL", "O_TMPFILE", "O_TRUNC"}
"""A file that is merely opened is changed by other calls, which are found."""


def calls_that_change_files(tree):
    """Yield each call that may change the file system."""
    imported = _imported_names(tree)
    assigned = _assigned_values(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _changes(node, imported, assigned):
            yield node


def _imported_names(tree):
    """Map names made by `from os import rename` to the function that they stand for."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _assigned_values(tree):
    """Map each name to all that it is assigned anywhere in a module."""
    values = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
    return values


def _changes(call, imported, assigned):
    match call.func:
        case ast.Name(id="open"):
            return _opens_for_writing(call, position=1)
        case ast.Name(id=name):
            return _function_changes(call, *imported.get(name, ("", "")), assigned)
        case ast.Attribute(value=ast.Name(id=name), attr=method):
            if name in {"changes", *FUNCTION_HOLDERS}:
                return _function_changes(call, name, method, assigned)
            return _method_changes(call, method)
        case ast.Attribute(attr=method):
            return _method_changes(call, method)
    return False


def _function_changes(call, module, function, assigned):
    if (module, function) == ("os", "open"):
        return _may_create(call.args[1], assigned)
    if (module, function) in {("os", "fdopen"), ("io", "open")}:
        return _opens_for_writing(call, position=1)
    return function in MUTATING.get(module, ())


def _method_changes(call, method):
    if method == "open" and call.args and not isinstance(call.args[0], ast.Constant):
        return False  # what is opened is an argument: this is not a path
    if method == "open":
        return _opens_for_writing(call, position=0)
    return METHODS.get(method) == len(call.args)


def _opens_for_writing(call, *, position):
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    modes += call.args[position : position + 1]
    return any(
        not isinstance(mode, ast.Constant) or set(mode.value) & set("wax+") for mode in modes
    )


def _may_create(flags, assigned):
    """Whether a flag that is named makes or empties files, or a name cannot be looked up."""
    pending, seen = [flags], set()
    while pending:
        for node in ast.walk(pending.pop()):
            match node:
                case ast.Name(id="os" | "getattr" | "sys"):
                    pass
                case ast.Name(id=name) if name in seen:
                    pass
                case ast.Name(id=name) if name in assigned:
                    seen.add(name)
                    pending += assigned[name]
                case ast.Name():
                    return True
                case ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                    if name in CREATING_FLAGS:
                        return True
    return False


def test_only_one_module_changes_the_file_system(sources):
    places = [
        source.place(call)
        for source in sources
        if source.module != OWNER
        for call in calls_that_change_files(source.tree)
        if ast.unparse(call.func).rpartition(".")[2] not in DATABASES.get(source.module, ())
    ]

    assert not places, f"these belong into {OWNER}:\n" + "\n".join(places)


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.rename(a, b)",
        "from os import unlink as gone\ngone(a)",
        "import os\nos.open(a, os.O_RDONLY | os.O_CREAT)",
        "import os\n_FLAGS = os.O_WRONLY | os.O_TRUNC\nos.open(a, _FLAGS)",
        "import os\nos.open(a, flags)",
        "import os\nos.fdopen(fd, 'wb')",
        "open(a, 'w')",
        "open(a, mode='r+b')",
        "open(a, mode)",
        "from pathlib import Path\nPath(a).open('xb')",
        "path.write_text(a)",
        "path.replace(other)",
        "path.parent.mkdir()",
        "import shutil\nshutil.rmtree(a)",
        "import tempfile\ntempfile.mkdtemp()",
    ],
)
def test_a_change_to_the_file_system_is_seen(code):
    assert list(calls_that_change_files(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.open(a, os.O_RDONLY | getattr(os, 'O_CLOEXEC', 0))",
        "import os\n_READ = os.O_RDONLY\nos.open(a, _READ)",
        "import os\ndef flush(a):\n    access = os.O_RDWR if os.name == 'nt' else os.O_RDONLY\n    os.open(a, access)",
        "open(a)",
        "open(a, 'rb', buffering=0)",
        "path.open('rb')",
        "text.replace(a, b)",
        "from dataclasses import replace\nreplace(a, b=c)",
        "path.read_bytes()",
        "Folder.open(root)",
        "folder.unlink(name)",
        "from dvclite.files import changes\nchanges.rename(a, b)",
        "import os\nos.stat(a)",
    ],
)
def test_reading_is_free(code):
    assert not list(calls_that_change_files(ast.parse(code)))
