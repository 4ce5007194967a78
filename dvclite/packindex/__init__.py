"""Which pack holds what: of a cache's packs as of a remote's.

`rows` is a derived database, made from the ends of packs. Whoever uses it says which packs there
are, and reads the ends of those that are not known yet. One that is missing, damaged, locked or
not writable costs time and nothing else. Asking never changes it: what is learned on the way waits
until `save` is called. All else about entries is in the indexes of the packs, of which `indexes`
keeps some in memory; `index` is what both are asked through.
"""

from dvclite.packindex.index import Location, PackIndex

__all__ = ["Location", "PackIndex"]
