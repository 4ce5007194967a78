"""The remotes that are configured."""

from dvclite.cli.console import Console
from dvclite.cli.text import printable
from dvclite.config.settings import Config
from dvclite.errors import NoDefaultRemoteError, NoRemoteError


def show(console: Console, settings: Config, *, as_json: bool) -> None:
    """Tell names and addresses, and which remote is the default."""
    default = _default(settings)
    remotes = settings.remotes().values()
    if as_json:
        console.json(
            [
                {"name": remote.name, "url": remote.shown_url, "default": remote.name == default}
                for remote in remotes
            ]
        )
        return
    width = max((len(remote.name) for remote in remotes), default=0)
    for remote in remotes:
        star = "*" if remote.name == default else " "
        console.say(f"{star} {remote.name.ljust(width)}  {printable(remote.shown_url)}")


def _default(settings: Config) -> str:
    try:
        return settings.default_remote()
    except (NoRemoteError, NoDefaultRemoteError):
        return ""
