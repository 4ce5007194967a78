"""The commands: a module for each, or for a few that belong together.

A module holds what a command is called and which words it takes. What it needs to act is imported
when it acts, so that `dvclite COMMAND --help` costs little.
"""
