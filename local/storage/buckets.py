"""Create a template's buckets by S3 API calls, with the configuration that the template gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from local.resources import Bucket, LifecycleRule

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def create_buckets(client: S3Client, buckets: Iterable[Bucket]) -> None:
    """Create the buckets with the configuration that makes a difference on one machine."""
    for bucket in buckets:
        _create_bucket(client, bucket)


def _create_bucket(client: S3Client, bucket: Bucket) -> None:
    client.create_bucket(Bucket=bucket.name)
    if bucket.object_ownership is not None:
        put_ownership(client, bucket)
    if bucket.public_access_block:
        put_public_access_block(client, bucket)
    if bucket.cors_rules:
        put_cors(client, bucket)
    if bucket.lifecycle_rules:
        put_lifecycle(client, bucket)
    if bucket.sends_events:
        client.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )


def put_ownership(client: S3Client, bucket: Bucket) -> None:
    """Set the object ownership, which decides whether access control lists count."""
    rule: Any = {"ObjectOwnership": bucket.object_ownership}
    client.put_bucket_ownership_controls(Bucket=bucket.name, OwnershipControls={"Rules": [rule]})


def put_public_access_block(client: S3Client, bucket: Bucket) -> None:
    """Set the public access block, which overrides access control lists and policies."""
    block: Any = dict(bucket.public_access_block)
    client.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=block)


def put_cors(client: S3Client, bucket: Bucket) -> None:
    """Set the CORS rules. Three names in CloudFormation differ from those of the API."""
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    rules: Any = [
        {names.get(key, key): value for key, value in one.items()} for one in bucket.cors_rules
    ]
    client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": rules})


def put_lifecycle(client: S3Client, bucket: Bucket) -> None:
    """Set the lifecycle rules."""
    rules: Any = [_lifecycle_rule(one) for one in bucket.lifecycle_rules]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket.name, LifecycleConfiguration={"Rules": rules}
    )


def _lifecycle_rule(declared: LifecycleRule) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "Status": "Enabled" if declared.enabled else "Disabled",
        "Filter": {"Prefix": declared.prefix},
    }
    if declared.name is not None:
        rule["ID"] = declared.name
    if declared.expire_days is not None:
        rule["Expiration"] = {"Days": declared.expire_days}
    if declared.abort_days is not None:
        rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": declared.abort_days}
    return rule
