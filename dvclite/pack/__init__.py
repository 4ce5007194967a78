"""Packs: many small blobs, chunks and recipes in one immutable file, its index at the end.

`layout` says what lies where, `index` reads and writes the end of a pack, `coding` takes bytes out
of an entry and proves them, `writer` makes a pack, `reader` opens one on the local disk, `salvage`
rescues what is whole in a damaged one. The format is specified in `docs/formats/pack.md`.
"""
