"""Keeping stores in order: what nobody needs goes, what is damaged is found."""
