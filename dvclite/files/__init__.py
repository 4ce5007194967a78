"""The file system: reading it safely, and the one door to changing it."""
