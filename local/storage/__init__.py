"""The S3 that the stack uses: its own, or one that runs elsewhere."""
