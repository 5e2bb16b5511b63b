"""Additional checksums on PUT and multipart uploads: declared, verified, stored, returned."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError

from local.s3.checksums import digest_of
from tests.local.s3.wire import Gate, send, sign

Algorithm = Literal["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"]
ALGORITHMS: tuple[Algorithm, ...] = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
MIB = 1024 * 1024


def put(gate: Gate, bucket: str, headers: dict[str, str], body: bytes = b"abc") -> tuple[int, str]:
    url = f"{gate.url}/{bucket}/a"
    return send(url, "PUT", sign(url, "PUT", headers, body), body).verdict


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_correct_checksum_is_stored_and_returned(
    gate: Gate, bucket: str, algorithm: Algorithm
) -> None:
    value = digest_of([b"abc"], algorithm)
    assert put(gate, bucket, {f"x-amz-checksum-{algorithm.lower()}": value}) == (200, "")
    field = f"Checksum{algorithm}"
    head: Any = gate.s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert (head[field], head["ChecksumType"]) == (value, "FULL_OBJECT")
    url = f"{gate.url}/{bucket}/a"
    got = send(url, "GET", sign(url, "GET", {"x-amz-checksum-mode": "ENABLED"}))
    assert got.headers[f"x-amz-checksum-{algorithm.lower()}"] == value
    attributes: Any = gate.s3.get_object_attributes(
        Bucket=bucket, Key="a", ObjectAttributes=["Checksum", "ETag", "ObjectSize", "StorageClass"]
    )
    assert attributes["Checksum"] == {field: value, "ChecksumType": "FULL_OBJECT"}
    assert attributes["ETag"] == hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
    assert (attributes["ObjectSize"], attributes["StorageClass"]) == (3, "STANDARD")


def test_a_checksum_is_only_returned_on_request(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"abc", ChecksumAlgorithm="SHA256")
    url = f"{gate.url}/{bucket}/a"
    shown = [name for name in send(url, "GET", sign(url, "GET")).headers if "checksum" in name]
    assert shown == []
    part = send(
        url, "GET", sign(url, "GET", {"x-amz-checksum-mode": "ENABLED", "Range": "bytes=0-1"})
    )
    assert [name for name in part.headers if "checksum" in name] == []


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "crc32 of something else": ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
    "sha1 of something else": (
        {"x-amz-checksum-sha1": base64.b64encode(b"0" * 20).decode()},
        "BadDigest",
    ),
    "of another length": ({"x-amz-checksum-sha256": "AAAAAA=="}, "InvalidRequest"),
    "no base64": ({"x-amz-checksum-crc32": "%%%"}, "InvalidRequest"),
    "unknown": ({"x-amz-checksum-md4": "AAAAAA=="}, "InvalidRequest"),
    "two": (
        {"x-amz-checksum-crc32": "NSRBwg==", "x-amz-checksum-crc32c": "AAAAAA=="},
        "InvalidRequest",
    ),
    "another than announced": (
        {"x-amz-checksum-crc32": "NSRBwg==", "x-amz-sdk-checksum-algorithm": "SHA1"},
        "InvalidRequest",
    ),
    "announced and missing": ({"x-amz-sdk-checksum-algorithm": "SHA1"}, "InvalidRequest"),
    "wrong md5": ({"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest"),
    "an md5 that is none": ({"Content-MD5": "AAAA"}, "InvalidDigest"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_checksum_stores_nothing(gate: Gate, bucket: str, name: str) -> None:
    headers, code = WRONG[name]
    assert put(gate, bucket, headers) == (400, code)
    assert "Contents" not in gate.s3.list_objects_v2(Bucket=bucket)


def test_a_correct_md5_is_accepted(gate: Gate, bucket: str) -> None:
    assert put(gate, bucket, {"Content-MD5": "kAFQmDzST7DWlj99KOF/cg=="}) == (200, "")


PARTS = (b"a" * (5 * MIB), b"b" * 1000)


def upload(gate: Gate, bucket: str, key: str, create: dict[str, Any], claim: bool = True) -> Any:
    """Upload two parts and complete the upload; `claim` adds their checksums to the request."""
    made: Any = gate.s3.create_multipart_upload(Bucket=bucket, Key=key, **create)
    algorithm = create.get("ChecksumAlgorithm")
    more = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    parts = []
    for number, data in enumerate(PARTS, 1):
        done: Any = gate.s3.upload_part(
            Bucket=bucket,
            Key=key,
            UploadId=made["UploadId"],
            PartNumber=number,
            Body=data,
            **more,
        )
        part = {"PartNumber": number, "ETag": done["ETag"]}
        if claim and algorithm:
            part[f"Checksum{algorithm}"] = done[f"Checksum{algorithm}"]
        parts.append(part)
    complete: Any = gate.s3.complete_multipart_upload
    return complete(
        Bucket=bucket, Key=key, UploadId=made["UploadId"], MultipartUpload={"Parts": parts}
    )


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "CRC32"])
def test_a_composite_checksum_is_not_returned_as_a_full_object_one(
    gate: Gate, bucket: str, algorithm: str
) -> None:
    parts = [base64.b64decode(digest_of([data], algorithm)) for data in PARTS]
    composite = digest_of(parts, algorithm)
    done = upload(gate, bucket, "a", {"ChecksumAlgorithm": algorithm})
    field = f"Checksum{algorithm}"
    assert (done[field], done["ChecksumType"]) == (f"{composite}-2", "COMPOSITE")
    head: Any = gate.s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert (head[field], head["ChecksumType"]) == (f"{composite}-2", "COMPOSITE")
    attributes: Any = gate.s3.get_object_attributes(
        Bucket=bucket, Key="a", ObjectAttributes=["Checksum", "ObjectParts"]
    )
    assert attributes["Checksum"] == {field: composite, "ChecksumType": "COMPOSITE"}
    shown = [(part["PartNumber"], part["Size"]) for part in attributes["ObjectParts"]["Parts"]]
    assert shown == [(1, len(PARTS[0])), (2, len(PARTS[1]))]
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2


def test_a_full_object_crc_covers_the_whole_object(gate: Gate, bucket: str) -> None:
    whole = base64.b64encode(zlib.crc32(b"".join(PARTS)).to_bytes(4, "big")).decode()
    create = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}
    done = upload(gate, bucket, "a", create, claim=False)
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    head = gate.s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert (head["ChecksumCRC32"], head["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_without_an_algorithm_a_multipart_has_no_checksum(gate: Gate, bucket: str) -> None:
    upload(gate, bucket, "a", {})
    head = gate.s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert [name for name in head if name.startswith("Checksum")] == []


def test_completing_with_composite_checksums_needs_that_of_every_part(
    gate: Gate, bucket: str
) -> None:
    with pytest.raises(ClientError, match="It was missing for part 1 in the request"):
        upload(gate, bucket, "a", {"ChecksumAlgorithm": "SHA256"}, claim=False)


@pytest.mark.parametrize(
    ("create", "message"),
    [
        ({"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}, "cannot be used with"),
        ({"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"}, "cannot be used with"),
        ({"ChecksumType": "COMPOSITE"}, "can only be used with"),
    ],
)
def test_not_every_algorithm_allows_every_type(
    gate: Gate, bucket: str, create: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        gate.s3.create_multipart_upload(Bucket=bucket, Key="a", **create)


def test_a_part_needs_a_checksum_with_the_algorithm_of_its_upload(gate: Gate, bucket: str) -> None:
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key="a", ChecksumAlgorithm="SHA256")
    with pytest.raises(ClientError, match="expected checksum Type: sha256, actual"):
        gate.s3.upload_part(
            Bucket=bucket, Key="a", UploadId=made["UploadId"], PartNumber=1, Body=b"x"
        )
    url = f"{gate.url}/{bucket}/a?partNumber=1&uploadId={made['UploadId']}"
    reply = send(url, "PUT", sign(url, "PUT", {}, b"x"), b"x")
    assert reply.verdict == (400, "InvalidRequest")


def test_a_part_s_wrong_checksum_is_refused(gate: Gate, bucket: str) -> None:
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key="a")
    with pytest.raises(ClientError, match="BadDigest"):
        gate.s3.upload_part(
            Bucket=bucket,
            Key="a",
            UploadId=made["UploadId"],
            PartNumber=1,
            Body=b"x",
            ChecksumCRC32="AAAAAA==",
        )


def test_the_object_checksum_in_a_completion_is_verified(gate: Gate, bucket: str) -> None:
    made = gate.s3.create_multipart_upload(
        Bucket=bucket, Key="a", ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT"
    )
    part = gate.s3.upload_part(
        Bucket=bucket, Key="a", UploadId=made["UploadId"], PartNumber=1, Body=b"abc"
    )
    for claim, code in (("AAAAAA==", "BadDigest"), (digest_of([b"abc"], "CRC32"), "")):
        body = (
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>"
            f"<ETag>{part['ETag']}</ETag></Part></CompleteMultipartUpload>"
        ).encode()
        url = f"{gate.url}/{bucket}/a?uploadId={made['UploadId']}"
        headers = sign(url, "POST", {"x-amz-checksum-crc32": claim}, body)
        assert send(url, "POST", headers, body).code == code
