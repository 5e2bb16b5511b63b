"""Conditional reads, writes, copies and deletions, also concurrent ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.s3.wire import Gate, send, sign

OTHER = '"00000000000000000000000000000000"'
X = '"9dd4e461268c8034f5c8564e155c67a6"'
LONG_AGO = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
FAR_OFF = format_datetime(datetime(2099, 1, 1, tzinfo=UTC), usegmt=True)


def code_of(call: Any, **given: Any) -> str:
    """Return the error code of a call, or "" if it succeeds."""
    try:
        call(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": X}, 200),
        ({"If-Match": X.strip('"')}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": f"{OTHER}, {X}"}, 200),
        ({"If-Match": OTHER}, 412),
        ({"If-None-Match": X}, 304),
        ({"If-None-Match": f"W/{X}"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": OTHER}, 200),
        ({"If-Modified-Since": LONG_AGO}, 200),
        ({"If-Modified-Since": FAR_OFF}, 304),
        ({"If-Unmodified-Since": LONG_AGO}, 412),
        ({"If-Unmodified-Since": FAR_OFF}, 200),
        ({"If-Match": X, "If-Unmodified-Since": LONG_AGO}, 200),
        ({"If-None-Match": OTHER, "If-Modified-Since": FAR_OFF}, 200),
        ({"If-Modified-Since": "not a date"}, 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_on_condition(
    gate: Gate, bucket: str, method: str, headers: dict[str, str], status: int
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    url = f"{gate.url}/{bucket}/a"
    reply = send(url, method, sign(url, method, headers))
    assert reply.status == status
    if status == 304:
        assert reply.headers["etag"] == X
        assert reply.body == b""


@pytest.mark.parametrize(
    ("there", "condition", "code"),
    [
        (False, {"IfNoneMatch": "*"}, ""),
        (True, {"IfNoneMatch": "*"}, "PreconditionFailed"),
        (True, {"IfNoneMatch": OTHER}, "NotImplemented"),
        (True, {"IfMatch": X}, ""),
        (True, {"IfMatch": OTHER}, "PreconditionFailed"),
        (False, {"IfMatch": X}, "NoSuchKey"),
    ],
)
@pytest.mark.parametrize("way", ["put", "copy", "complete"])
def test_writing_on_condition(
    gate: Gate, bucket: str, way: str, there: bool, condition: dict[str, str], code: str
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="source", Body=b"new")
    if there:
        gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    target: dict[str, Any] = {"Bucket": bucket, "Key": "a", **condition}
    if way == "put":
        seen = code_of(gate.s3.put_object, Body=b"new", **target)
    elif way == "copy":
        seen = code_of(gate.s3.copy_object, CopySource=f"{bucket}/source", **target)
    else:
        upload = gate.s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
        part = gate.s3.upload_part(
            Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"new"
        )
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        seen = code_of(
            gate.s3.complete_multipart_upload, UploadId=upload, MultipartUpload=parts, **target
        )
    assert seen == code
    if there:
        body = gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read()
        assert body == (b"x" if code else b"new")


def test_a_write_whose_condition_fails_is_refused_before_its_body(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    url = f"{gate.url}/{bucket}/a"
    headers = {"If-None-Match": "*", "Content-Length": "1000000", "Expect": "100-continue"}
    signed = sign(url, "PUT", headers, payload="UNSIGNED-PAYLOAD")
    assert send(url, "PUT", signed).verdict == (412, "PreconditionFailed")


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"CopySourceIfMatch": X}, ""),
        ({"CopySourceIfMatch": OTHER}, "PreconditionFailed"),
        ({"CopySourceIfNoneMatch": OTHER}, ""),
        ({"CopySourceIfNoneMatch": X}, "PreconditionFailed"),
        ({"CopySourceIfModifiedSince": LONG_AGO}, ""),
        ({"CopySourceIfModifiedSince": FAR_OFF}, "PreconditionFailed"),
        ({"CopySourceIfUnmodifiedSince": FAR_OFF}, ""),
        ({"CopySourceIfUnmodifiedSince": LONG_AGO}, "PreconditionFailed"),
        ({"CopySourceIfMatch": X, "CopySourceIfUnmodifiedSince": LONG_AGO}, ""),
        (
            {"CopySourceIfNoneMatch": X, "CopySourceIfModifiedSince": LONG_AGO},
            "PreconditionFailed",
        ),
    ],
)
@pytest.mark.parametrize("way", ["copy", "part"])
def test_copying_on_condition_of_the_source(
    gate: Gate, bucket: str, way: str, condition: dict[str, str], code: str
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    given: dict[str, Any] = {"Bucket": bucket, "Key": "b", "CopySource": f"{bucket}/a", **condition}
    if way == "copy":
        assert code_of(gate.s3.copy_object, **given) == code
        assert ("b" in keys(gate, bucket)) == (not code)
    else:
        upload = gate.s3.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
        seen = code_of(gate.s3.upload_part_copy, UploadId=upload, PartNumber=1, **given)
        assert seen == code


def keys(gate: Gate, bucket: str) -> list[str]:
    return [one["Key"] for one in gate.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize(
    ("there", "if_match", "code"),
    [
        (True, X, ""),
        (True, "*", ""),
        (True, OTHER, "PreconditionFailed"),
        (False, X, "NoSuchKey"),
        (False, None, ""),
    ],
)
def test_deleting_on_condition(
    gate: Gate, bucket: str, there: bool, if_match: str | None, code: str
) -> None:
    if there:
        gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    condition = {} if if_match is None else {"IfMatch": if_match}
    assert code_of(gate.s3.delete_object, Bucket=bucket, Key="a", **condition) == code
    assert ("a" in keys(gate, bucket)) == (there and bool(code))


def test_deleting_several_on_condition(gate: Gate, bucket: str) -> None:
    for key in "abc":
        gate.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    done = gate.s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": "a"}, {"Key": "b", "ETag": OTHER}, {"Key": "none"}]},
    )
    assert [one["Key"] for one in done["Deleted"]] == ["a", "none"]
    assert [(one["Key"], one["Code"]) for one in done["Errors"]] == [("b", "PreconditionFailed")]
    assert keys(gate, bucket) == ["b", "c"]


WRITERS = 24


@pytest.mark.parametrize("way", ["put", "copy"])
def test_exactly_one_of_many_first_writes_succeeds(gate: Gate, bucket: str, way: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="source", Body=b"x")
    given: dict[str, Any] = {"Bucket": bucket, "Key": "a", "IfNoneMatch": "*"}

    def write(number: int) -> str:
        if way == "put":
            return code_of(gate.s3.put_object, Body=b"%d" % number, **given)
        return code_of(gate.s3.copy_object, CopySource=f"{bucket}/source", **given)

    with ThreadPoolExecutor(WRITERS) as pool:
        codes = sorted(pool.map(write, range(WRITERS)))
    assert codes == [""] + ["PreconditionFailed"] * (WRITERS - 1)


def test_exactly_one_of_many_replacements_succeeds(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")

    def write(number: int) -> str:
        return code_of(gate.s3.put_object, Bucket=bucket, Key="a", Body=b"%d" % number, IfMatch=X)

    with ThreadPoolExecutor(WRITERS) as pool:
        codes = sorted(pool.map(write, range(WRITERS)))
    assert codes == [""] + ["PreconditionFailed"] * (WRITERS - 1)


def test_a_reader_never_sees_half_a_change(gate: Gate, bucket: str) -> None:
    bodies = [bytes([65 + number]) * 200_000 for number in range(4)]
    gate.s3.put_object(Bucket=bucket, Key="a", Body=bodies[0])

    def write(number: int) -> None:
        gate.s3.put_object(Bucket=bucket, Key="a", Body=bodies[number % 4])

    def read(_: int) -> bool:
        return gate.s3.get_object(Bucket=bucket, Key="a")["Body"].read() in bodies

    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(write, number) for number in range(40)]
        reads = list(pool.map(read, range(80)))
        for one in writes:
            one.result()
    assert all(reads)


def test_an_object_is_not_modified_since_its_last_modification(gate: Gate, bucket: str) -> None:
    gate.clock.offset = timedelta(hours=-1)
    gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    modified = gate.s3.head_object(Bucket=bucket, Key="a")["LastModified"]
    url = f"{gate.url}/{bucket}/a"
    since = format_datetime(modified.astimezone(UTC), usegmt=True)
    same = sign(url, "GET", {"If-Modified-Since": since})
    assert send(url, "GET", same).status == 304
