"""The variables without which no function starts, for tests and benchmarks that start one alone.

A new table, bus or queue that every function is told of is added here, and nowhere else.
"""

NEEDED = {
    "AWS_REGION": "ca-central-1",
    "OBJECT_BUCKET": "objects",
    "UPLOADS_TABLE": "uploads",
    "METADATA_TABLE": "metadata",
    "DERIVATIVES_TABLE": "derivatives",
    "AUDIT_TABLE": "audit",
    "IDEMPOTENCY_TABLE": "idempotency",
    "VOCABULARY_TABLE": "vocabulary",
    "COUNTS_TABLE": "counts",
    "EVENT_BUS": "coffer",
    "REFRESH_INDEX_QUEUE_URL": "https://sqs.example/1/refresh",
    "PROCESS_UPLOAD_QUEUE_URL": "https://sqs.example/1/process",
    "PROMOTE_LARGE_UPLOAD_QUEUE_URL": "https://sqs.example/1/large",
    "EXPORTS_TABLE": "exports",
    "ACCESS_KEYS_TABLE": "keys",
    "BUILD_EXPORT_QUEUE_URL": "https://sqs.example/1/build",
}
