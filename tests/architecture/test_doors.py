"""What lies outside is reached through one door each."""

import ast

import pytest

DOORS = {
    "pygit2": ("dvclite.git",),
    "subprocess": ("dvclite.git",),
    "click": ("dvclite.cli",),
    "boto3": ("dvclite_s3",),
    "botocore": ("dvclite_s3",),
    "google": ("dvclite_gcs",),
}

ENVIRONMENT_READERS = ("dvclite.cli", "dvclite.config", "dvclite.repo")
"""The two faces, which hand it down as a value, and what makes sense of it."""

ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "expandvars", "putenv"}

ONLY_PLACE_THAT_PRINTS = ("dvclite.cli",)

BANNED_NAMES = {"utils", "util", "helpers", "common", "manager", "base", "misc"}


def within(module, doors):
    return any(module == door or module.startswith(f"{door}.") for door in doors)


def imported_packages(node):
    match node:
        case ast.Import(names=names):
            return {alias.name.partition(".")[0] for alias in names}
        case ast.ImportFrom(module=str(module)):
            return {module.partition(".")[0]}
    return set()


def names_in(node):
    match node:
        case ast.Attribute(value=ast.Name(id="os" | "path"), attr=name):
            return {name}
        case ast.ImportFrom(module="os" | "os.path", names=names):
            return {alias.name for alias in names}
    return set()


@pytest.mark.parametrize("package", DOORS)
def test_a_foreign_package_is_imported_behind_its_door_only(package, sources):
    places = [
        source.place(node)
        for source in sources
        if not within(source.module, DOORS[package])
        for node in ast.walk(source.tree)
        if package in imported_packages(node)
    ]

    assert not places, f"only {' and '.join(DOORS[package])} may import {package}:\n" + "\n".join(
        places
    )


def test_only_the_faces_and_the_configuration_read_the_environment(sources):
    places = [
        source.place(node)
        for source in sources
        if not within(source.module, ENVIRONMENT_READERS)
        for node in ast.walk(source.tree)
        if names_in(node) & ENVIRONMENT
    ]

    assert not places, "\n".join(places)


def test_no_function_has_the_environment_as_a_default_because_help_would_print_it(sources):
    places = [
        source.place(default)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.arguments)
        for default in [*node.defaults, *node.kw_defaults]
        if default is not None and "environ" in ast.unparse(default)
    ]

    assert not places


def test_the_library_never_prints_and_never_exits(sources):
    places = [
        source.place(node)
        for source in sources
        if not within(source.module, ONLY_PLACE_THAT_PRINTS)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "sys.exit", "exit"}
    ]

    assert not places, "\n".join(places)


def test_modules_are_named_for_what_they_hold(sources):
    vague = [source.module for source in sources if BANNED_NAMES & set(source.module.split("."))]

    assert not vague


def test_imports_for_type_checkers_only_are_not_needed(sources):
    places = [
        source.place(node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name | ast.Attribute) and "TYPE_CHECKING" in ast.unparse(node)
    ]

    assert not places
