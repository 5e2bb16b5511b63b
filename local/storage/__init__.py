"""The S3 store that the stack uses, which is its own or runs elsewhere."""
