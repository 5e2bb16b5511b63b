"""GET and HEAD: ranges, stored headers, versions."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.s3.wire import Gate, presign_post, send, sign

DIGITS = b"0123456789"


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, DIGITS, "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=0-9999999999999999999", 206, DIGITS, "bytes 0-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=10-20", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=5-2", 200, DIGITS, None),
        ("bytes=0-1,3-4", 200, DIGITS, None),
        ("bytes=-", 200, DIGITS, None),
        ("lines=0-1", 200, DIGITS, None),
        ("bytes=a-b", 200, DIGITS, None),
    ],
)
def test_a_range_of_bytes(
    gate: Gate, bucket: str, asked: str, status: int, body: bytes | None, content_range: str | None
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=DIGITS)
    url = f"{gate.url}/{bucket}/a"
    got = send(url, "GET", sign(url, "GET", {"Range": asked}))
    assert (got.status, got.headers.get("content-range")) == (status, content_range)
    assert got.code == ("InvalidRange" if status == 416 else "")
    if body is not None:
        assert got.body == body
    head = send(url, "HEAD", sign(url, "HEAD", {"Range": asked}))
    assert (head.status, head.body) == (status, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_an_empty_object_has_no_range(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"")
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b""
    with pytest.raises(ClientError, match="InvalidRange"):
        gate.s3.get_object(Bucket=bucket, Key="a", Range="bytes=0-0")


@pytest.mark.parametrize(
    ("if_range", "status"),
    [
        ('"781e5e245d69b566979b86e28d23f2c7"', 206),
        ("the date", 206),
        ('W/"781e5e245d69b566979b86e28d23f2c7"', 200),
        ('"other"', 200),
        ("*", 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
        ("not a date", 200),
    ],
)
def test_a_range_of_another_version_is_the_whole(
    gate: Gate, bucket: str, if_range: str, status: int
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=DIGITS)
    url = f"{gate.url}/{bucket}/a"
    if if_range == "the date":
        if_range = send(url, "HEAD", sign(url, "HEAD", {})).headers["last-modified"]
    headers = sign(url, "GET", {"Range": "bytes=0-1", "If-Range": if_range})
    assert send(url, "GET", headers).status == status


def test_metadata_of_an_object_is_returned(gate: Gate, bucket: str) -> None:
    said: dict[str, Any] = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "fr-CA",
        "ContentType": "text/plain; charset=utf-8",
        "Metadata": {"owner": "u1", "under_score": "1", "dots.too": "2"},
        "StorageClass": "STANDARD_IA",
    }
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging="a=b", **said)
    found: Any = gate.s3.head_object(Bucket=bucket, Key="a")
    assert {name: found[name] for name in said} == said
    assert found["AcceptRanges"] == "bytes"
    assert found["ServerSideEncryption"] == "AES256"
    assert gate.s3.get_object(Bucket=bucket, Key="a")["TagCount"] == 1


def test_an_object_without_type_is_binary(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert gate.s3.head_object(Bucket=bucket, Key="a")["ContentType"] == "binary/octet-stream"


def test_metadata_that_is_not_ascii_comes_back_encoded(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a", {"x-amz-meta-name": "été 日本"})
    assert made.send().status == 204
    found = gate.s3.head_object(Bucket=bucket, Key="a")["Metadata"]["name"]
    assert found.startswith("=?utf-8?")


def test_metadata_cannot_inject_a_header(gate: Gate, bucket: str) -> None:
    made = presign_post(gate.s3, bucket, "a", {"x-amz-meta-name": "a\r\nX-Evil: 1"})
    assert made.send().status == 204
    url = gate.s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    assert "x-evil" not in send(url).headers


def test_an_overwritten_object_keeps_none_of_its_tags(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging="a=b")
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"y")
    assert gate.s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == []


@pytest.mark.parametrize(
    ("tagging", "code"),
    [
        ("a=b&a=c", "InvalidTag"),
        ("aws:a=b", "InvalidTag"),
        ("=b", "InvalidTag"),
        ("&".join(f"k{number}=v" for number in range(11)), "BadRequest"),
    ],
)
def test_invalid_tags_are_refused(gate: Gate, bucket: str, tagging: str, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x", Tagging=tagging)


def test_versions_are_kept_read_and_deleted(gate: Gate, bucket: str) -> None:
    gate.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = gate.s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    second = gate.s3.put_object(Bucket=bucket, Key="a", Body=b"2")["VersionId"]
    marker = gate.s3.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"]

    def read(**given: str) -> bytes:
        call: Any = gate.s3.get_object
        data: bytes = call(Bucket=bucket, Key="a", **given)["Body"].read()
        return data

    with pytest.raises(ClientError, match="NoSuchKey"):
        read()
    assert (read(VersionId=first), read(VersionId=second)) == (b"1", b"2")
    with pytest.raises(ClientError, match="MethodNotAllowed"):
        read(VersionId=marker["VersionId"])
    with pytest.raises(ClientError, match="NoSuchVersion"):
        read(VersionId="none")
    listed = gate.s3.list_object_versions(Bucket=bucket)
    assert sorted(one["VersionId"] for one in listed["Versions"]) == sorted([first, second])
    assert [one["VersionId"] for one in listed["DeleteMarkers"]] == [marker["VersionId"]]
    gate.s3.delete_object(Bucket=bucket, Key="a", VersionId=marker["VersionId"])
    assert read() == b"2"
    copied = gate.s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource={"Bucket": bucket, "Key": "a", "VersionId": first},
    )
    assert copied["CopySourceVersionId"] == first
    assert gate.s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"1"


def test_a_listing_has_pages_and_common_prefixes(gate: Gate, bucket: str) -> None:
    for key in ("a/1", "a/2", "b/1", "c"):
        gate.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    pages = gate.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 2}
    )
    assert [one["Key"] for page in pages for one in page["Contents"]] == ["a/1", "a/2", "b/1", "c"]
    folders = gate.s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [one["Prefix"] for one in folders["CommonPrefixes"]] == ["a/", "b/"]
    assert [one["Key"] for one in folders["Contents"]] == ["c"]
