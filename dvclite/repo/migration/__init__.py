"""`migrate`: a repository that changes its format, in place, and data that comes from Git LFS.

The new format rules from the beginning: outputs that still have the names of the old one are found
through the home that the repository had before, and stay usable. So there is no moment at which a
kill leaves anything but a repository, and the same command, run again, goes on.
"""
