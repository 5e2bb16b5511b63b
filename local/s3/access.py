"""Check bucket names, access control lists and public access.

A caller with a known key may do everything. Others may only read public objects. New buckets have
S3's defaults: object ownership is BucketOwnerEnforced (there are no access control lists), and
public access is blocked. Bucket policies are not evaluated.
Source: Amazon S3 User Guide, "Controlling ownership of objects" and "Blocking public access".
"""

from __future__ import annotations

import re

from moto.s3.models import FakeBucket, PublicAccessBlock

from local.s3.errors import S3Error
from local.s3.messages import Request
from local.s3.store import ACCOUNT_ID, S3Object

ENFORCED = "BucketOwnerEnforced"
OWNER_CONTROL = "bucket-owner-full-control"
# Canned ACLs for objects; True if everyone may read the object.
CANNED = {
    "private": False,
    "public-read": True,
    "public-read-write": True,
    "authenticated-read": True,
    "aws-exec-read": False,
    "bucket-owner-read": False,
    OWNER_CONTROL: False,
}
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+", re.ASCII)
GRANTS = "x-amz-grant-"


def check_bucket_name(name: str) -> None:
    if not BUCKET_NAME.fullmatch(name) or ".." in name or ADDRESS.fullmatch(name):
        raise S3Error("InvalidBucketName", details={"BucketName": name})


def block_public_access(bucket: FakeBucket) -> None:
    """Block public access to a new bucket, as S3 does since April 2023."""
    bucket.public_access_block = PublicAccessBlock("true", "true", "true", "true")


def ownership(bucket: FakeBucket) -> str:
    """Return the bucket's object ownership."""
    return str(bucket.ownership_rule or ENFORCED)


def is_on(value: object) -> bool:
    return str(value).lower() == "true"


def check_acl(acl: str | None, bucket: FakeBucket) -> str:
    """Return the canned ACL to store; raise S3Error if the bucket does not allow it."""
    if acl is None:
        return "private"
    if acl not in CANNED:
        raise S3Error(
            "InvalidArgument", details={"ArgumentName": "x-amz-acl", "ArgumentValue": acl}
        )
    if ownership(bucket) == ENFORCED and acl != OWNER_CONTROL:
        raise S3Error("AccessControlListNotSupported")
    block = bucket.public_access_block
    if CANNED[acl] and block is not None and is_on(block.block_public_acls):
        raise S3Error("AccessDenied")
    return acl


def check_grants(request: Request, bucket: FakeBucket) -> None:
    """Raise S3Error for explicit grants, which the gate does not support."""
    granted = [name for name in request.headers.names() if name.startswith(GRANTS)]
    if granted:
        if ownership(bucket) == ENFORCED:
            raise S3Error("AccessControlListNotSupported")
        raise S3Error("NotImplemented", details={"Header": granted[0]})


def is_public(stored: S3Object | None, bucket: FakeBucket) -> bool:
    """True if everyone may read the object."""
    block = bucket.public_access_block
    if block is not None and is_on(block.ignore_public_acls):
        return False
    return stored is not None and ownership(bucket) != ENFORCED and stored.is_public


def check_expected_owner(request: Request) -> None:
    for name in ("x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"):
        if request.headers.get(name, ACCOUNT_ID) != ACCOUNT_ID:
            raise S3Error("AccessDenied")
