"""dvclite: version datasets and models beside git.

    from dvclite import Repo

    repo = Repo.open()
    repo.add(["data"])
    repo.push()

The public names load what they need when they are first used.
"""

from typing import Any

__version__ = "0.1.0"

__all__ = ["Repo", "__version__", "errors", "open", "read"]

_PLACES = {
    "Repo": "dvclite.repo.repo",
    "open": "dvclite.repo.reading",
    "read": "dvclite.repo.reading",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "errors":
        return import_module("dvclite.errors")
    if name in _PLACES:
        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
