"""Settings from the environment: `DVCLITE_CACHE_DIR`, `DVCLITE_REMOTE_ORIGIN_URL`."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping

from dvclite.config.options import OPTIONS, is_path
from dvclite.config.places import resolve
from dvclite.config.setting import Level, Setting

_PREFIX = "DVCLITE_"
_REMOTE_PREFIX = "DVCLITE_REMOTE_"
_URL = "_URL"


def read_environment(environ: Mapping[str, str], remotes: Iterable[str]) -> Iterator[Setting]:
    """Yield the settings that variables hold. An empty variable is as good as none.

    Args:
        environ: The environment's variables.
        remotes: Names of remotes that config files speak of: where a name may end and an option
            begin cannot be told from a variable alone.
    """
    for option in OPTIONS:
        variable = f"{_PREFIX}{option.section}_{option.name}".upper()
        if option.section != "remote" and (value := environ.get(variable)):
            yield _setting(option.section, option.name, value, variable)
    variables = sorted(
        (name for name, value in environ.items() if name.startswith(_REMOTE_PREFIX) and value),
        key=len,
    )
    if variables:
        yield from _read_remotes(environ, variables, remotes)


def _read_remotes(
    environ: Mapping[str, str], variables: list[str], remotes: Iterable[str]
) -> Iterator[Setting]:
    sections: dict[str, list[str]] = {}
    for remote in remotes:
        sections.setdefault(_prefix_of(remote), []).append(f"remote.{remote}")
    for variable in variables:
        # The shortest come first: one that ends in _URL and belongs to no remote makes one.
        if _longest_prefix(variable, sections) is None and variable.endswith(_URL):
            name = variable[len(_REMOTE_PREFIX) : -len(_URL)]
            if name:
                sections[f"{_REMOTE_PREFIX}{name}_"] = [f"remote.{name.lower()}"]
    for variable in variables:
        prefix = _longest_prefix(variable, sections)
        if prefix is not None:
            option = variable[len(prefix) :].lower()
            for section in sections[prefix]:
                yield _setting(section, option, environ[variable], variable)


def _prefix_of(remote: str) -> str:
    return f"{_REMOTE_PREFIX}{re.sub('[^A-Z0-9]', '_', remote.upper())}_"


def _longest_prefix(variable: str, prefixes: Iterable[str]) -> str | None:
    fitting = (prefix for prefix in prefixes if variable.startswith(prefix) and variable != prefix)
    return max(fitting, key=len, default=None)


def _setting(section: str, option: str, value: str, variable: str) -> Setting:
    if is_path(section, option):
        value = resolve(value, os.getcwd())
    return Setting(section, option, value, Level.ENVIRONMENT, variable)
