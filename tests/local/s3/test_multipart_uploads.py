"""Multipart uploads: parts, their order and sizes, listing, completing, aborting."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.s3.wire import Gate, send, sign

MIB = 1024 * 1024
PIECES = (os.urandom(5 * MIB), os.urandom(5 * MIB), b"the end")


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def start(gate: Gate, bucket: str, key: str = "a", **given: Any) -> dict[str, Any]:
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key=key, **given)
    return {"Bucket": bucket, "Key": key, "UploadId": made["UploadId"]}


def put_parts(gate: Gate, upload: dict[str, Any], pieces: dict[int, bytes]) -> list[Any]:
    return [
        {
            "PartNumber": number,
            "ETag": gate.s3.upload_part(**upload, PartNumber=number, Body=data)["ETag"],
        }
        for number, data in pieces.items()
    ]


def complete(gate: Gate, upload: dict[str, Any], parts: list[Any], **given: Any) -> Any:
    call: Any = gate.s3.complete_multipart_upload
    return call(**upload, MultipartUpload={"Parts": parts}, **given)


def test_parts_become_one_object(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket, ContentType="image/png", Metadata={"a": "b"}, Tagging="t=1&u=2")
    parts = put_parts(gate, upload, dict(enumerate(PIECES, 1)))
    done = complete(gate, upload, parts)
    etag = md5(b"".join(md5(piece) for piece in PIECES)).hex()
    assert done["ETag"] == f'"{etag}-3"'
    assert done["Location"] == f"{gate.url}/{bucket}/a"
    found = gate.s3.get_object(Bucket=bucket, Key="a")
    assert found["Body"].read() == b"".join(PIECES)
    assert found["ContentType"] == "image/png"
    assert found["Metadata"] == {"a": "b"}
    assert found["TagCount"] == 2
    assert "Uploads" not in gate.s3.list_multipart_uploads(Bucket=bucket)


def test_parts_may_come_in_any_order_and_again(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    put_parts(gate, upload, {7: b"x" * 10})
    late = put_parts(gate, upload, {7: PIECES[2]})
    early = put_parts(gate, upload, {2: PIECES[0]})
    complete(gate, upload, early + late)
    body = gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read()
    assert body == PIECES[0] + PIECES[2]


def test_only_the_listed_parts_are_used(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    parts = put_parts(gate, upload, {1: b"one", 2: b"two"})
    complete(gate, upload, parts[1:])
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"two"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda parts: parts[::-1], "InvalidPartOrder"),
        (lambda parts: [parts[0], parts[0]], "InvalidPartOrder"),
        (lambda parts: [{**parts[0], "ETag": '"' + "0" * 32 + '"'}], "InvalidPart"),
        (lambda parts: [{**parts[0], "PartNumber": 9}], "InvalidPart"),
        (lambda parts: parts, "EntityTooSmall"),
        (lambda parts: [], "MalformedXML"),
    ],
    ids=["backwards", "twice", "another etag", "never uploaded", "too small", "none"],
)
def test_completing_is_refused(gate: Gate, bucket: str, change: Any, code: str) -> None:
    upload = start(gate, bucket)
    parts = put_parts(gate, upload, {1: b"small", 2: b"end"})
    with pytest.raises(ClientError, match=code):
        complete(gate, upload, change(parts))
    assert len(gate.s3.list_parts(**upload)["Parts"]) == 2
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "document",
    [b"", b"<CompleteMultipartUpload>", b"<A><Part><PartNumber>x</PartNumber></Part></A>"],
)
def test_completing_needs_a_document(gate: Gate, bucket: str, document: bytes) -> None:
    upload = start(gate, bucket)
    url = f"{gate.url}/{bucket}/a?uploadId={upload['UploadId']}"
    reply = send(url, "POST", sign(url, "POST", {}, document), document)
    assert reply.verdict == (400, "MalformedXML")


def test_an_upload_ends_when_it_is_completed(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    parts = put_parts(gate, upload, {1: b"x"})
    complete(gate, upload, parts)
    calls: list[Any] = [
        lambda: complete(gate, upload, parts),
        lambda: put_parts(gate, upload, {2: b"x"}),
        lambda: gate.s3.list_parts(**upload),
        lambda: gate.s3.abort_multipart_upload(**upload),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="NoSuchUpload"):
            call()


def test_an_upload_ends_when_it_is_aborted(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    put_parts(gate, upload, {1: b"x"})
    gate.s3.abort_multipart_upload(**upload)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        put_parts(gate, upload, {1: b"x"})
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


def test_an_upload_belongs_to_its_key(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        gate.s3.list_parts(**{**upload, "Key": "b"})


def test_parts_are_listed_in_pages(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    put_parts(gate, upload, {number: b"x" * number for number in (5, 1, 3)})
    first = gate.s3.list_parts(**upload, MaxParts=2)
    assert [(one["PartNumber"], one["Size"]) for one in first["Parts"]] == [(1, 1), (3, 3)]
    assert first["IsTruncated"]
    marker = first["NextPartNumberMarker"]
    rest = gate.s3.list_parts(**upload, PartNumberMarker=marker)
    assert [one["PartNumber"] for one in rest["Parts"]] == [5]
    assert not rest["IsTruncated"]


def test_uploads_are_listed(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket, "deep/a")
    listed = gate.s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(one["Key"], one["UploadId"]) for one in listed] == [("deep/a", upload["UploadId"])]


@pytest.mark.parametrize("number", ["0", "10001", "x", "", "1.5", "-1"])
def test_part_numbers_are_1_to_10000(gate: Gate, bucket: str, number: str) -> None:
    upload = start(gate, bucket)
    url = f"{gate.url}/{bucket}/a?partNumber={number}&uploadId={upload['UploadId']}"
    reply = send(url, "PUT", sign(url, "PUT", {}, b"x"), b"x")
    assert reply.verdict == (400, "InvalidArgument")


def test_a_part_can_be_read_by_its_number(gate: Gate, bucket: str) -> None:
    upload = start(gate, bucket)
    complete(gate, upload, put_parts(gate, upload, {1: PIECES[0], 4: PIECES[2]}))
    found = gate.s3.get_object(Bucket=bucket, Key="a", PartNumber=4)
    assert found["Body"].read() == PIECES[2]
    assert found["PartsCount"] == 2
    total = len(PIECES[0]) + len(PIECES[2])
    assert found["ContentRange"] == f"bytes {len(PIECES[0])}-{total - 1}/{total}"
    with pytest.raises(ClientError, match="416"):
        gate.s3.head_object(Bucket=bucket, Key="a", PartNumber=2)


@pytest.mark.parametrize(
    ("byte_range", "expected"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=2-5", b"2345"),
        ("bytes=9-9", b"9"),
        ("bytes=5-10", None),
        ("bytes=5-2", None),
        ("bytes=5-", None),
        ("bytes=-5", None),
        ("bytes 0-1", None),
    ],
)
def test_a_range_of_another_object_can_be_a_part(
    gate: Gate, bucket: str, byte_range: str, expected: bytes | None
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = start(gate, bucket)
    given = {"PartNumber": 1, "CopySource": f"{bucket}/source", "CopySourceRange": byte_range}
    call: Any = gate.s3.upload_part_copy
    if expected is None:
        with pytest.raises(ClientError, match="InvalidArgument"):
            call(**upload, **given)
        return
    etag = call(**upload, **given)["CopyPartResult"]["ETag"]
    complete(gate, upload, [{"PartNumber": 1, "ETag": etag}])
    assert gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() == expected


def test_a_copied_part_has_a_checksum_with_the_algorithm_of_the_upload(
    gate: Gate, bucket: str
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload = start(gate, bucket, ChecksumAlgorithm="SHA256")
    part = gate.s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/source")
    listed = gate.s3.list_parts(**upload)
    assert listed["ChecksumAlgorithm"] == "SHA256"
    assert listed["Parts"][0]["ChecksumSHA256"] == part["CopyPartResult"]["ChecksumSHA256"]


def test_nothing_of_an_upload_stays_on_disk(gate: Gate, bucket: str) -> None:
    def files() -> int:
        return sum(1 for _ in gate.gate.store.folder.root.rglob("*/*"))

    before = files()
    upload = start(gate, bucket)
    put_parts(gate, upload, {1: b"x", 2: b"y"})
    put_parts(gate, upload, {1: b"z"})
    assert files() == before + 2
    gate.s3.abort_multipart_upload(**upload)
    assert files() == before
    upload = start(gate, bucket)
    complete(gate, upload, put_parts(gate, upload, {1: b"x"}))
    assert files() == before + 1
    gate.s3.delete_object(Bucket=bucket, Key="a")
    assert files() == before
