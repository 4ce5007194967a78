"""The user's working files, and how they go into the cache and come out of it."""
