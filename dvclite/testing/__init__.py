"""What the tests of a remote are made of: for the author of a plugin, and for dvclite itself."""
