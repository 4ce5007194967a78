"""Directories as remotes."""
