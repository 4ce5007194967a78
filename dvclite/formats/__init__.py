"""What a repository's files look like, as one value that the rest is handed."""
