"""Access: anonymous callers, ACLs, object ownership, public access blocks, buckets."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.s3.wire import REGION, Gate, presign_post, send, sign


def read(gate: Gate, bucket: str, key: str = "a", query: str = "", method: str = "GET") -> Any:
    return send(f"{gate.url}/{bucket}/{key}{query}", method)


def test_anonymous_callers_can_read_public_objects(gate: Gate, open_bucket: str) -> None:
    gate.s3.put_object(Bucket=open_bucket, Key="a", Body=b"x", ACL="public-read")
    assert presign_post(gate.s3, open_bucket, "b", {"acl": "public-read"}).send().status == 204
    for key in "ab":
        assert read(gate, open_bucket, key).body == b"x"
        assert read(gate, open_bucket, key, method="HEAD").status == 200


@pytest.mark.parametrize("key", ["a", "missing"])
def test_anonymous_callers_learn_nothing_about_private_objects(
    gate: Gate, open_bucket: str, key: str
) -> None:
    gate.s3.put_object(Bucket=open_bucket, Key="a", Body=b"x", ACL="private")
    assert read(gate, open_bucket, key).verdict == (403, "AccessDenied")
    assert read(gate, open_bucket, key, method="HEAD").status == 403


def test_anonymous_callers_cannot_override_headers(gate: Gate, open_bucket: str) -> None:
    gate.s3.put_object(Bucket=open_bucket, Key="a", Body=b"x", ACL="public-read")
    reply = read(gate, open_bucket, "a", "?response-content-type=text/html")
    assert reply.verdict == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/{}"),
        ("GET", "/{}?list-type=2"),
        ("GET", "/{}?cors"),
        ("PUT", "/{}"),
        ("DELETE", "/{}"),
        ("PUT", "/{}/a"),
        ("DELETE", "/{}/a"),
        ("POST", "/{}?delete"),
        ("POST", "/{}/a?uploads"),
        ("GET", "/{}/a?acl"),
        ("GET", "/{}/a?tagging"),
        ("GET", "/{}/a?attributes"),
        ("GET", "/{}/a?versionId=null"),
        ("PUT", "/{}?notification"),
    ],
)
def test_anonymous_callers_can_do_nothing_else(
    gate: Gate, open_bucket: str, method: str, path: str
) -> None:
    gate.s3.put_object(Bucket=open_bucket, Key="a", Body=b"x", ACL="public-read")
    body = b"x" if method in ("PUT", "POST") else None
    reply = send(gate.url + path.format(open_bucket), method, {}, body)
    assert reply.verdict == (403, "AccessDenied")
    assert gate.s3.get_object(Bucket=open_bucket, Key="a")["Body"].read() == b"x"


def test_a_new_bucket_accepts_no_acls(gate: Gate, bucket: str) -> None:
    for acl in ("public-read", "private"):
        reply = presign_post(gate.s3, bucket, "a", {"acl": acl}).send()
        assert reply.verdict == (400, "AccessControlListNotSupported")
    owner = {"acl": "bucket-owner-full-control"}
    assert presign_post(gate.s3, bucket, "a", owner).send().status == 204
    calls: list[Any] = [
        lambda: gate.s3.put_object(Bucket=bucket, Key="a", ACL="public-read"),
        lambda: gate.s3.create_multipart_upload(Bucket=bucket, Key="a", ACL="public-read"),
        lambda: gate.s3.put_object_acl(Bucket=bucket, Key="a", ACL="public-read"),
        lambda: gate.s3.put_bucket_acl(Bucket=bucket, ACL="public-read"),
        lambda: gate.s3.put_object(Bucket=bucket, Key="a", GrantRead='id="x"'),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="AccessControlListNotSupported"):
            call()


def test_a_new_bucket_blocks_public_access(gate: Gate, bucket: str) -> None:
    found = gate.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(found.values()) == {True}
    gate.s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        gate.s3.put_object(Bucket=bucket, Key="a", ACL="public-read")
    gate.s3.put_object(Bucket=bucket, Key="a", ACL="private")


def test_public_access_can_be_blocked_again(gate: Gate, open_bucket: str) -> None:
    gate.s3.put_object(Bucket=open_bucket, Key="a", Body=b"x", ACL="public-read")
    block = {"IgnorePublicAcls": True}
    gate.s3.put_public_access_block(
        Bucket=open_bucket, PublicAccessBlockConfiguration={"IgnorePublicAcls": True}
    )
    assert read(gate, open_bucket).status == 403
    assert block["IgnorePublicAcls"]


def test_the_acl_of_an_object_can_be_changed(gate: Gate, open_bucket: str) -> None:
    gate.s3.put_object(Bucket=open_bucket, Key="a", Body=b"x")
    gate.s3.put_object_acl(Bucket=open_bucket, Key="a", ACL="public-read")
    assert read(gate, open_bucket).status == 200
    gate.s3.put_object_acl(Bucket=open_bucket, Key="a", ACL="private")
    assert read(gate, open_bucket).status == 403


def test_an_unknown_acl_is_refused(gate: Gate, open_bucket: str) -> None:
    reply = presign_post(gate.s3, open_bucket, "a", {"acl": "public"}).send()
    assert reply.verdict == (400, "InvalidArgument")


@pytest.mark.parametrize("name", ["Upper", "under_score", "a..b", "-a-", "192.168.0.1", "a%3Cb"])
def test_a_bucket_s_name_is_checked(gate: Gate, name: str) -> None:
    url = f"{gate.url}/{name}"
    reply = send(url, "PUT", sign(url, "PUT"), b"")
    assert reply.verdict == (400, "InvalidBucketName")


def test_an_expected_owner_must_be_the_owner(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", ExpectedBucketOwner="123456789012")
    with pytest.raises(ClientError, match="AccessDenied"):
        gate.s3.put_object(Bucket=bucket, Key="a", ExpectedBucketOwner="210987654321")


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({"ObjectLockLegalHoldStatus": "ON"}, "x-amz-object-lock-legal-hold"),
        ({"ServerSideEncryption": "aws:kms"}, "x-amz-server-side-encryption"),
    ],
)
def test_unsupported_features_are_refused_not_ignored(
    gate: Gate, bucket: str, given: Any, header: str
) -> None:
    with pytest.raises(ClientError, match="NotImplemented") as caught:
        gate.s3.put_object(Bucket=bucket, Key="a", **given)
    assert caught.value.response["Error"].get("Header") == header


def test_buckets_are_created_listed_and_deleted(gate: Gate, bucket: str) -> None:
    assert bucket in [one["Name"] for one in gate.s3.list_buckets()["Buckets"]]
    assert gate.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
    gate.s3.put_object(Bucket=bucket, Key="a")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        gate.s3.delete_bucket(Bucket=bucket)
    gate.s3.delete_object(Bucket=bucket, Key="a")
    gate.s3.delete_bucket(Bucket=bucket)
    with pytest.raises(ClientError, match="404"):
        gate.s3.head_bucket(Bucket=bucket)


def test_the_configuration_of_a_bucket_is_stored(gate: Gate, bucket: str) -> None:
    lifecycle: Any = {
        "Rules": [
            {
                "ID": "incoming",
                "Status": "Enabled",
                "Filter": {"Prefix": "incoming/"},
                "Expiration": {"Days": 30},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
            }
        ]
    }
    gate.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=lifecycle)
    found = gate.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    assert found["Rules"][0]["Expiration"] == {"Days": 30}
    encryption: Any = {
        "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    }
    gate.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
    gate.s3.put_bucket_policy(Bucket=bucket, Policy='{"Statement": []}')
    gate.s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert gate.s3.get_bucket_policy(Bucket=bucket)["Policy"] == '{"Statement": []}'


def test_a_configuration_is_verified_like_any_body(gate: Gate, bucket: str) -> None:
    url = f"{gate.url}/{bucket}?versioning"
    body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    headers = sign(url, "PUT", {}, body)
    reply = send(url, "PUT", headers, body.replace(b"Enabled", b"Paused!"))
    assert reply.verdict == (400, "XAmzContentSHA256Mismatch")
