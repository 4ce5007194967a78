"""Between the cache and a remote: push, fetch, and telling how the two differ."""
