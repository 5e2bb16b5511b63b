"""What Coffer signs, used as it is meant: both stores keep and give back the same."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import partial

import pytest

from coffer.domain.uploads.presigned_uploads import Checksums
from tests.ceph.cases import BODY, HELD
from tests.ceph.sides import BUCKET, Side
from tests.ceph.tampered_forms import UPLOAD_KEY, package_fields, upload_fields
from tests.local.s3.wire import form_body, post, send

MD5_HEX = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
PART_BYTES = 5 * 1024**2
"""The least that a part has, unless it is the last (S3 User Guide, "Multipart upload limits")."""


@pytest.fixture(params=[0, 1], ids=["local", "Ceph"])
def side(request: pytest.FixtureRequest, sides: tuple[Side, Side]) -> Side:
    """Each store in turn."""
    return sides[int(request.param)]


def test_an_upload_form_stores_the_grant_that_it_was_signed_with(side: Side) -> None:
    fields = upload_fields(Checksums(), side.signer, side.endpoint, datetime.now(UTC))
    reply = post(side.endpoint.bucket_url(BUCKET), form_body(fields.items(), BODY))
    assert reply.status == 201
    told = dict(re.findall(rb"<(Bucket|Key|ETag)>(.*?)</", reply.body))
    assert told[b"Bucket"] == BUCKET.encode()
    assert told[b"Key"] == UPLOAD_KEY.encode()
    assert told[b"ETag"].decode().replace("&quot;", '"').strip('"') == MD5_HEX
    stored = side.s3.head_object(Bucket=BUCKET, Key=UPLOAD_KEY)
    assert stored["ETag"].strip('"') == MD5_HEX
    assert stored["ContentType"] == "text/plain"
    assert stored["Metadata"] == {"coffer-grant": fields["x-amz-meta-coffer-grant"]}
    assert side.body(UPLOAD_KEY) == BODY


@pytest.mark.parametrize(("findability", "anybody"), [("published", 200), ("private", 403)])
def test_a_package_form_says_who_may_read(side: Side, findability: str, anybody: int) -> None:
    make = partial(package_fields, findability)
    fields = make(side.signer, side.endpoint, datetime.now(UTC))
    assert post(side.endpoint.bucket_url(BUCKET), form_body(fields.items(), BODY)).status == 204
    assert send(side.object_url(fields["key"])).status == anybody
    seen = side.ask("HEAD", fields["key"])
    assert seen.status == 200
    assert seen.headers["etag"] == f'"{MD5_HEX}"'
    assert seen.headers["content-length"] == str(len(BODY))
    assert seen.headers["x-amz-meta-owner"] == "owner1"
    assert seen.headers["x-amz-meta-findability"] == findability


def test_a_presigned_download_comes_under_its_name_and_type(side: Side) -> None:
    side.put(HELD, BODY)
    query = {
        "response-content-type": "image/png",
        "response-content-disposition": "attachment; filename*=UTF-8''%C3%BC%20%2B.png",
    }
    reply = send(side.presigned("GET", HELD, query=query))
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["content-disposition"] == query["response-content-disposition"]


@pytest.mark.parametrize(
    ("stretch", "status", "body"),
    [
        ("bytes=0-3", 206, BODY[:4]),
        ("bytes=4-9999", 206, BODY[4:]),
        ("bytes=-5", 206, BODY[-5:]),
        ("bytes=9999-", 416, None),
    ],
)
def test_a_range_is_read(side: Side, stretch: str, status: int, body: bytes | None) -> None:
    side.put(HELD, BODY)
    reply = side.ask("GET", HELD, {"range": stretch})
    assert reply.status == status
    if body is not None:
        assert reply.body == body
        assert reply.headers["content-range"].endswith(f"/{len(BODY)}")


@pytest.mark.parametrize("key", ["a b", "a+b", "ü/é", "a%2Fb", "a=b&c;d,e", "a'(b)*~!", "日本"])
def test_a_key_of_any_spelling_can_be_signed_for(side: Side, key: str) -> None:
    assert send(side.presigned("PUT", key), "PUT", {}, key.encode()).status == 200
    assert list(side.contents()) == [key]
    assert send(side.presigned("GET", key)).body == key.encode()
    assert side.ask("HEAD", key).status == 200


def test_parts_are_put_by_presigned_urls(side: Side) -> None:
    upload = side.s3.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
    pieces = [bytes([number]) * PART_BYTES for number in (1, 2)] + [b"the last"]
    parts = []
    for number, piece in enumerate(pieces, 1):
        query = {"partNumber": str(number), "uploadId": upload}
        reply = send(side.presigned("PUT", "large", query=query), "PUT", {}, piece)
        assert reply.status == 200
        assert reply.headers["etag"] == f'"{hashlib.md5(piece).hexdigest()}"'
        parts.append({"PartNumber": number, "ETag": reply.headers["etag"]})
    side.s3.complete_multipart_upload(
        Bucket=BUCKET,
        Key="large",
        UploadId=upload,
        MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]  # made just above
    )
    digests = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    expected = f"{hashlib.md5(digests).hexdigest()}-3"
    assert side.contents() == {"large": expected}
    assert side.body("large") == b"".join(pieces)


def test_only_the_last_part_may_be_small(side: Side) -> None:
    upload = side.s3.create_multipart_upload(Bucket=BUCKET, Key="small")["UploadId"]
    parts = []
    for number in (1, 2):
        query = {"partNumber": str(number), "uploadId": upload}
        reply = send(side.presigned("PUT", "small", query=query), "PUT", {}, b"tiny")
        parts.append({"PartNumber": number, "ETag": reply.headers["etag"]})
    with pytest.raises(side.s3.exceptions.ClientError, match="EntityTooSmall"):
        side.s3.complete_multipart_upload(
            Bucket=BUCKET,
            Key="small",
            UploadId=upload,
            MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]  # made just above
        )
    assert side.contents() == {}
