"""CopyObject: what is copied, replaced, computed and refused."""

from __future__ import annotations

import base64
import hashlib
import os
import zlib
from pathlib import Path
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError

from local.s3.context import MAX_SINGLE_BYTES
from local.s3.gate import S3Gate
from local.s3.store import NewObject
from tests.local.s3.wire import Gate, presign_post, send, sign

DATA = b"some bytes" * 1000
SHA1 = base64.b64encode(hashlib.sha1(DATA, usedforsecurity=False).digest()).decode()
SHA256 = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
CRC32 = base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


@pytest.fixture
def source(gate: Gate, bucket: str) -> str:
    """Store an object without a checksum, as a plain form does."""
    fields = {"Content-Type": "text/plain", "x-amz-meta-a": "b", "Cache-Control": "no-store"}
    assert presign_post(gate.s3, bucket, "from/a b+é", fields).send(DATA).status == 204
    tags: Any = {"TagSet": [{"Key": "t", "Value": "1"}]}
    gate.s3.put_object_tagging(Bucket=bucket, Key="from/a b+é", Tagging=tags)
    return bucket


def copy(gate: Gate, bucket: str, **given: Any) -> Any:
    call: Any = gate.s3.copy_object
    return call(
        Bucket=bucket,
        Key=given.pop("Key", "to"),
        CopySource={"Bucket": bucket, "Key": "from/a b+é"},
        **given,
    )


def head(gate: Gate, bucket: str, key: str = "to") -> Any:
    return gate.s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")


@pytest.mark.parametrize(
    ("algorithm", "value"), [("SHA1", SHA1), ("SHA256", SHA256), ("CRC32", CRC32)]
)
def test_a_copy_computes_the_requested_checksum(
    gate: Gate, source: str, algorithm: str, value: str
) -> None:
    result = copy(gate, source, ChecksumAlgorithm=algorithm)["CopyObjectResult"]
    field = f"Checksum{algorithm}"
    assert (result[field], result["ChecksumType"]) == (value, "FULL_OBJECT")
    assert result["ETag"] == f'"{MD5}"'
    assert head(gate, source)[field] == value


def test_a_plain_copy_copies_all_metadata(gate: Gate, source: str) -> None:
    copy(gate, source)
    found = head(gate, source)
    assert found["ContentType"] == "text/plain"
    assert found["CacheControl"] == "no-store"
    assert found["Metadata"] == {"a": "b"}
    assert found["ETag"] == f'"{MD5}"'
    assert gate.s3.get_object(Bucket=source, Key="to")["Body"].read() == DATA
    tags = gate.s3.get_object_tagging(Bucket=source, Key="to")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}]


def test_a_copy_can_replace_the_metadata(gate: Gate, source: str) -> None:
    copy(
        gate,
        source,
        MetadataDirective="REPLACE",
        ContentType="image/png",
        Metadata={"c": "d"},
        TaggingDirective="REPLACE",
        Tagging="u=2",
    )
    found = head(gate, source)
    assert found["ContentType"] == "image/png"
    assert found["Metadata"] == {"c": "d"}
    assert "CacheControl" not in found
    tags = gate.s3.get_object_tagging(Bucket=source, Key="to")["TagSet"]
    assert tags == [{"Key": "u", "Value": "2"}]


def test_a_copy_keeps_the_checksum_of_its_source(gate: Gate, source: str) -> None:
    copy(gate, source, Key="middle", ChecksumAlgorithm="SHA1")
    gate.s3.copy_object(Bucket=source, Key="to", CopySource=f"{source}/middle")
    assert head(gate, source)["ChecksumSHA1"] == SHA1


def test_a_copy_of_a_multipart_object_has_no_parts(gate: Gate, bucket: str) -> None:
    data = [os.urandom(5 * 2**20), b"tail"]
    whole = hashlib.sha256(b"".join(data)).digest()
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key="a", ChecksumAlgorithm="SHA256")
    parts: Any = []
    for number, piece in enumerate(data, 1):
        done = gate.s3.upload_part(
            Bucket=bucket,
            Key="a",
            UploadId=made["UploadId"],
            PartNumber=number,
            Body=piece,
            ChecksumAlgorithm="SHA256",
        )
        value = done["ChecksumSHA256"]
        parts.append({"PartNumber": number, "ETag": done["ETag"], "ChecksumSHA256": value})
    gate.s3.complete_multipart_upload(
        Bucket=bucket, Key="a", UploadId=made["UploadId"], MultipartUpload={"Parts": parts}
    )
    gate.s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/a")
    found = head(gate, bucket)
    md5 = hashlib.md5(b"".join(data), usedforsecurity=False).hexdigest()
    assert found["ETag"] == f'"{md5}"'
    assert found["ChecksumSHA256"] == base64.b64encode(whole).decode()
    assert found["ChecksumType"] == "FULL_OBJECT"


def test_a_copy_outlives_its_source(gate: Gate, source: str) -> None:
    copy(gate, source)
    gate.s3.delete_object(Bucket=source, Key="from/a b+é")
    assert gate.s3.get_object(Bucket=source, Key="to")["Body"].read() == DATA


@pytest.mark.parametrize("spelling", ["{}/from/a%20b%2B%C3%A9", "/{}/from%2Fa%20b+%C3%A9"])
def test_the_source_is_percent_encoded_and_may_begin_with_a_slash(
    gate: Gate, source: str, spelling: str
) -> None:
    url = f"{gate.url}/{source}/to"
    headers = sign(url, "PUT", {"x-amz-copy-source": spelling.format(source)})
    assert send(url, "PUT", headers).status == 200
    assert head(gate, source)["ContentLength"] == len(DATA)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"CopySource": "no-such-bucket/a"}, "NoSuchBucket"),
        ({"CopySource": "{}/none"}, "NoSuchKey"),
        ({"CopySource": "{}"}, "InvalidArgument"),
        ({"CopySource": "{}/from/a b+é?versionId=none"}, "NoSuchVersion"),
        ({"ChecksumAlgorithm": "MD4"}, "InvalidRequest"),
        ({"MetadataDirective": "KEEP"}, "InvalidArgument"),
        ({"Key": "from/a b+é"}, "InvalidRequest"),
        ({"ACL": "public-read"}, "AccessControlListNotSupported"),
        ({"ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ({"StorageClass": "CHEAP"}, "InvalidStorageClass"),
        ({"ExpectedSourceBucketOwner": "999999999999"}, "AccessDenied"),
    ],
)
def test_a_copy_is_refused(gate: Gate, source: str, given: dict[str, str], code: str) -> None:
    if "CopySource" not in given:
        with pytest.raises(ClientError, match=code):
            copy(gate, source, **given)
        return
    with pytest.raises(ClientError, match=code):
        gate.s3.copy_object(Bucket=source, Key="to", CopySource=given["CopySource"].format(source))


def test_an_object_copied_onto_itself_must_change(gate: Gate, source: str) -> None:
    copy(gate, source, Key="from/a b+é", MetadataDirective="REPLACE", ContentType="image/png")
    assert head(gate, source, "from/a b+é")["ContentType"] == "image/png"


def place_giant(gate: S3Gate, bucket: str, size: int) -> Path:
    """Store an object of zeros in a sparse file."""
    path = gate.store.folder.new_path()
    with path.open("wb") as file:
        file.truncate(size)
    gate.store.put(NewObject(bucket, "giant", path, size, "0" * 32, {"Content-Type": "a/b"}))
    return path


@pytest.mark.parametrize(
    ("way", "over", "code"),
    [("copy", 0, ""), ("copy", 1, "InvalidRequest"), ("part", 1, "InvalidRequest")],
)
def test_a_copy_is_limited_to_five_gibibytes(
    gate: Gate, bucket: str, way: Literal["copy", "part"], over: int, code: str
) -> None:
    place_giant(gate.gate, bucket, MAX_SINGLE_BYTES + over)
    given: dict[str, Any] = {"Bucket": bucket, "Key": "to", "CopySource": f"{bucket}/giant"}
    if way == "copy":
        call: Any = gate.s3.copy_object
    else:
        call = gate.s3.upload_part_copy
        upload = gate.s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
        given |= {"UploadId": upload, "PartNumber": 1}
    if code:
        with pytest.raises(ClientError, match="allowable size for a copy source: 5368709120"):
            call(**given)
    else:
        call(**given)
        assert head(gate, bucket)["ContentLength"] == MAX_SINGLE_BYTES


def test_a_part_of_a_larger_object_can_be_copied(gate: Gate, bucket: str) -> None:
    place_giant(gate.gate, bucket, 2 * MAX_SINGLE_BYTES)
    upload = gate.s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
    start = MAX_SINGLE_BYTES + 10
    part = gate.s3.upload_part_copy(
        Bucket=bucket,
        Key="to",
        UploadId=upload,
        PartNumber=1,
        CopySource=f"{bucket}/giant",
        CopySourceRange=f"bytes={start}-{start + 99}",
    )
    md5 = hashlib.md5(bytes(100), usedforsecurity=False).hexdigest()
    assert part["CopyPartResult"]["ETag"] == f'"{md5}"'
