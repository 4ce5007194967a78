"""S3 buckets as remotes."""
