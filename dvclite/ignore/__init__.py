"""Which files of the workspace are nobody's business: `.dvcignore`, with the rules of gitignore."""
