"""The stat cache: what every file of an output held when it was last read or written.

A file whose stat is still the same goes unread. The rows at and below an output's path stand for
a whole tree; which one is remembered too, so that an unchanged directory is compared without
reading its tree.

All of it can be made again from the files: a stat cache that is missing, damaged, locked or not
writable costs time and nothing else. Every row is sealed with a hash of its own, since a damaged
database may well return a row that was never written.
"""
