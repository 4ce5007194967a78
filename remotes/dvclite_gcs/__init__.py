"""Google Cloud Storage buckets as remotes."""
