"""A remote that holds packs and nothing else.

`knowledge` knows what is in the packs there, from their ends, and `recipes` how large blobs are
put together. On the way there `packing` makes packs and `sending` brings them; on the way back
`plan` decides which bytes to ask for, `fetching` asks, and `assembling` puts large blobs together.
`store` is what movers see. What lies where is specified in `docs/formats/remote.md`.
"""
