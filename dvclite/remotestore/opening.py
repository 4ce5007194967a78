"""Plugins, found by the scheme of an address and opened."""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points

from dvclite.errors import RemoteSetupError
from dvclite.remote import Remote, RemoteOpener

GROUP = "dvclite.remotes"
"""The group of entry points that plugins are found in."""

PATH_SCHEME = "file"
"""The scheme of addresses that have none, because they are paths."""

# A single letter is a Windows drive.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/?#]*@")


def open_remote(url: str, options: Mapping[str, str]) -> Remote:
    """Return the remote at an address, opened by the plugin that serves its scheme.

    Args:
        url: An address, or a path of a directory.
        options: What its section of the configuration says beside the address.

    Raises:
        RemoteSetupError: No plugin serves the scheme or the one that does cannot be loaded, the
            options make no sense, or more than one plugin claims the scheme.
    """
    return _opener(url)(url, options)


def scheme_of(url: str) -> str:
    """Return the scheme of an address, in lower case; that of paths for a path."""
    match = _SCHEME.match(url)
    return match[1].lower() if match is not None else PATH_SCHEME


def _opener(url: str) -> RemoteOpener:
    scheme = scheme_of(url)
    # One installed in two ways is found twice.
    found = {plugin.value: plugin for plugin in entry_points(group=GROUP, name=scheme)}
    if not found:
        raise _unknown(url, scheme)
    if len(found) > 1:
        raise RemoteSetupError(
            _shown(url),
            f"more than one package serves {scheme}:// ({', '.join(_packages(found.values()))})",
            hint="uninstall all but one of them",
        )
    (plugin,) = found.values()
    return _load(plugin, url)


def _load(plugin: EntryPoint, url: str) -> RemoteOpener:
    try:
        opener: RemoteOpener = plugin.load()
    except Exception as error:
        package = _package(plugin)
        raise RemoteSetupError(
            _shown(url),
            f"the plugin {plugin.value} of {package} cannot be loaded"
            f" ({type(error).__name__}: {error})",
            hint=f"install it anew with `pip install --force-reinstall {package}`",
        ) from error
    return opener


def _unknown(url: str, scheme: str) -> RemoteSetupError:
    known = sorted({plugin.name for plugin in entry_points(group=GROUP)} - {PATH_SCHEME})
    return RemoteSetupError(
        _shown(url),
        f"no installed plugin serves {scheme}://",
        hint=(
            f"known are {', '.join(f'{name}://' for name in known)} and paths of directories;"
            f" for another, install a package that serves it (entry-point group {GROUP})"
        ),
    )


def _packages(plugins: Iterable[EntryPoint]) -> list[str]:
    return sorted(f"{_package(plugin)}: {plugin.value}" for plugin in plugins)


def _package(plugin: EntryPoint) -> str:
    return plugin.dist.name if plugin.dist is not None else plugin.module


def _shown(url: str) -> str:
    """Return an address without a login that may stand in it."""
    return _LOGIN.sub("", url)
