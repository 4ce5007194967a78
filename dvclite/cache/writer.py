"""The two doors into the cache, as one."""

from dvclite.cache.foreigndoor import ForeignDoor
from dvclite.cache.owndoor import OwnDoor


class Writer(OwnDoor, ForeignDoor):
    """Brings blobs into a cache, own bytes and foreign ones."""
