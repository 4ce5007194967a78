"""A remote seen as a store of blobs.

All that knows how blobs lie on a remote, and under which keys, is in here: movers hand over blobs
by name and learn which of them arrived. Plugins are opened here too.
"""
