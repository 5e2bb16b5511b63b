"""Create a template's buckets by S3 API calls, with the configuration that the template gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from local.resources import Bucket, LifecycleRule

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def make_buckets(client: S3Client, buckets: Iterable[Bucket]) -> None:
    """Buckets with all that the template says of them and that makes a difference here."""
    for bucket in buckets:
        _make_bucket(client, bucket)


def _make_bucket(client: S3Client, bucket: Bucket) -> None:
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
    """Who owns what others put into the bucket, and so whether access lists count."""
    rule: Any = {"ObjectOwnership": bucket.object_ownership}
    client.put_bucket_ownership_controls(Bucket=bucket.name, OwnershipControls={"Rules": [rule]})


def put_public_access_block(client: S3Client, bucket: Bucket) -> None:
    """What is kept from the public whatever lists and policies say."""
    block: Any = dict(bucket.public_access_block)
    client.put_public_access_block(Bucket=bucket.name, PublicAccessBlockConfiguration=block)


def put_cors(client: S3Client, bucket: Bucket) -> None:
    """Whose pages may use the bucket. CloudFormation's names differ from the API's in three."""
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds", "Id": "ID"}
    rules: Any = [
        {names.get(key, key): value for key, value in one.items()} for one in bucket.cors_rules
    ]
    client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": rules})


def put_lifecycle(client: S3Client, bucket: Bucket) -> None:
    """When objects expire and unfinished uploads are given up."""
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
