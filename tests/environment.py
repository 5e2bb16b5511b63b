"""Required environment variables, for tests and benchmarks that start a function by itself."""

REQUIRED = {
    "AWS_REGION": "ca-central-1",
    "OBJECT_BUCKET": "objects",
    "UPLOADS_TABLE": "uploads",
    "METADATA_TABLE": "metadata",
    "DERIVATIVES_TABLE": "derivatives",
    "AUDIT_TABLE": "audit",
    "IDEMPOTENCY_TABLE": "idempotency",
    "VOCABULARY_TABLE": "vocabulary",
    "COUNTS_TABLE": "counts",
    "EXPORTS_TABLE": "exports",
    "ACCESS_KEYS_TABLE": "keys",
    "USAGE_TABLE": "usage",
    "STORAGE_BUCKET_NAME": "rawstore",
    "EVENT_BUS": "coffer",
    "FAILED_CHANGES_BUCKET": "failed",
    "PROCESS_UPLOAD_QUEUE_URL": "https://sqs.example/1/process",
    "PROMOTE_LARGE_UPLOAD_QUEUE_URL": "https://sqs.example/1/large",
    "REFRESH_INDEX_QUEUE_URL": "https://sqs.example/1/refresh",
    "DECODE_PICTURE_FUNCTION": "coffer-DecodePictureFunction",
    "BUILD_EXPORT_QUEUE_URL": "https://sqs.example/1/build",
}
