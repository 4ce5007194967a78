"""What is configured."""

from dvclite.cli.console import Console
from dvclite.cli.text import printable
from dvclite.config.options import close_names, find_option, split_name
from dvclite.config.setting import Level, Setting
from dvclite.config.settings import Config
from dvclite.errors import UnknownOptionError


def show(
    console: Console,
    settings: Config,
    name: str | None,
    level: Level | None,
    *,
    origin: bool,
    as_json: bool,
) -> None:
    """Tell one setting, or all.

    Args:
        console: Where.
        settings: What is configured.
        name: Which one; None for all.
        level: Whose; None for the strongest.
        origin: Whether to tell where each stands.
        as_json: Whether as a document.

    Raises:
        UnknownOptionError: No setting could be called so.
    """
    found = settings.settings(level) if name is None else _named(settings, name, level)
    if as_json:
        console.json([_document(setting) for setting in found])
        return
    for setting in found:
        value = setting.shown if name is not None else f"{setting.name}={setting.shown}"
        console.say(
            printable(setting.origin) + "\t" + printable(value) if origin else printable(value)
        )


def _named(settings: Config, name: str, level: Level | None) -> list[Setting]:
    """Return the setting of that name, the strongest or the one of a level; none if it is not set."""
    section, option = split_name(name)
    if level is None:
        found = settings.find(name)
        known = found is not None or find_option(section, option) is not None
        if not known:
            raise UnknownOptionError(name, close_names(name))
        return [found] if found is not None else []
    return [found for found in settings.settings(level) if found.name == f"{section}.{option}"]


def _document(setting: Setting) -> dict[str, str]:
    return {
        "name": setting.name,
        "value": setting.shown,
        "level": setting.level.value,
        "origin": setting.origin,
    }
