"""Valid requests signed by Coffer have the same effect on both stores."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import partial

import pytest

from coffer.domain.uploads.presigned_uploads import Checksums
from tests.ceph.cases import BODY, HELD
from tests.ceph.stores import BUCKET, Store
from tests.ceph.tampered_forms import UPLOAD_KEY, dataset_fields, upload_fields
from tests.local.s3.wire import form_body, post, send

MD5_HEX = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
PART_BYTES = 5 * 1024**2
"""The minimum size of a part, except the last (S3 User Guide, "Multipart upload limits")."""


@pytest.fixture(params=[0, 1], ids=["local", "Ceph"])
def store(request: pytest.FixtureRequest, stores: tuple[Store, Store]) -> Store:
    """Return each store in turn."""
    return stores[int(request.param)]


def test_an_upload_form_stores_its_signed_grant(store: Store) -> None:
    fields = upload_fields(Checksums(), store.signer, store.endpoint, datetime.now(UTC))
    reply = post(store.endpoint.bucket_url(BUCKET), form_body(fields.items(), BODY))
    assert reply.status == 201
    result = dict(re.findall(rb"<(Bucket|Key|ETag)>(.*?)</", reply.body))
    assert result[b"Bucket"] == BUCKET.encode()
    assert result[b"Key"] == UPLOAD_KEY.encode()
    assert result[b"ETag"].decode().replace("&quot;", '"').strip('"') == MD5_HEX
    stored = store.s3.head_object(Bucket=BUCKET, Key=UPLOAD_KEY)
    assert stored["ETag"].strip('"') == MD5_HEX
    assert stored["ContentType"] == "text/plain"
    assert stored["Metadata"] == {"coffer-grant": fields["x-amz-meta-coffer-grant"]}
    assert store.body(UPLOAD_KEY) == BODY


@pytest.mark.parametrize("media_type", ["application/octet-stream", "text/csv"])
def test_a_form_without_an_announced_type_takes_any_type(store: Store, media_type: str) -> None:
    at = datetime.now(UTC)
    fields = upload_fields(Checksums(), store.signer, store.endpoint, at, media_type=None)
    assert fields["Content-Type"] == "application/octet-stream"
    sent = {**fields, "Content-Type": media_type}
    reply = post(store.endpoint.bucket_url(BUCKET), form_body(sent.items(), BODY))
    assert reply.status == 201
    assert store.s3.head_object(Bucket=BUCKET, Key=UPLOAD_KEY)["ContentType"] == media_type


def test_a_form_without_its_field_of_any_value_is_refused(stores: tuple[Store, Store]) -> None:
    """Ceph 16 takes a missing field as an empty one. The upload then has no declared type."""
    statuses = []
    for store in stores:
        at = datetime.now(UTC)
        fields = upload_fields(Checksums(), store.signer, store.endpoint, at, media_type=None)
        del fields["Content-Type"]
        statuses.append(
            post(store.endpoint.bucket_url(BUCKET), form_body(fields.items(), BODY)).status
        )
    assert statuses == [403, 201]


@pytest.mark.parametrize(("findability", "unsigned_status"), [("published", 200), ("private", 403)])
def test_a_dataset_form_decides_who_can_read(
    store: Store, findability: str, unsigned_status: int
) -> None:
    make = partial(dataset_fields, findability)
    fields = make(store.signer, store.endpoint, datetime.now(UTC))
    assert post(store.endpoint.bucket_url(BUCKET), form_body(fields.items(), BODY)).status == 204
    assert send(store.object_url(fields["key"])).status == unsigned_status
    head = store.request("HEAD", fields["key"])
    assert head.status == 200
    assert head.headers["etag"] == f'"{MD5_HEX}"'
    assert head.headers["content-length"] == str(len(BODY))
    assert head.headers["x-amz-meta-owner"] == "owner1"
    assert head.headers["x-amz-meta-findability"] == findability


def test_a_presigned_download_has_its_name_and_type(store: Store) -> None:
    store.put(HELD, BODY)
    query = {
        "response-content-type": "image/png",
        "response-content-disposition": "attachment; filename*=UTF-8''%C3%BC%20%2B.png",
    }
    reply = send(store.presigned("GET", HELD, query=query))
    assert (reply.status, reply.body) == (200, BODY)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["content-disposition"] == query["response-content-disposition"]


@pytest.mark.parametrize(
    ("byte_range", "status", "body"),
    [
        ("bytes=0-3", 206, BODY[:4]),
        ("bytes=4-9999", 206, BODY[4:]),
        ("bytes=-5", 206, BODY[-5:]),
        ("bytes=9999-", 416, None),
    ],
)
def test_a_range_is_read(store: Store, byte_range: str, status: int, body: bytes | None) -> None:
    store.put(HELD, BODY)
    reply = store.request("GET", HELD, {"range": byte_range})
    assert reply.status == status
    if body is not None:
        assert reply.body == body
        assert reply.headers["content-range"].endswith(f"/{len(BODY)}")


@pytest.mark.parametrize("key", ["a b", "a+b", "ü/é", "a%2Fb", "a=b&c;d,e", "a'(b)*~!", "日本"])
def test_any_key_can_be_signed(store: Store, key: str) -> None:
    assert send(store.presigned("PUT", key), "PUT", {}, key.encode()).status == 200
    assert list(store.contents()) == [key]
    assert send(store.presigned("GET", key)).body == key.encode()
    assert store.request("HEAD", key).status == 200


def test_parts_are_uploaded_with_presigned_urls(store: Store) -> None:
    upload = store.s3.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
    bodies = [bytes([number]) * PART_BYTES for number in (1, 2)] + [b"the last"]
    parts = []
    for number, body in enumerate(bodies, 1):
        query = {"partNumber": str(number), "uploadId": upload}
        reply = send(store.presigned("PUT", "large", query=query), "PUT", {}, body)
        assert reply.status == 200
        assert reply.headers["etag"] == f'"{hashlib.md5(body).hexdigest()}"'
        parts.append({"PartNumber": number, "ETag": reply.headers["etag"]})
    store.s3.complete_multipart_upload(
        Bucket=BUCKET,
        Key="large",
        UploadId=upload,
        MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]  # created above
    )
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    expected = f"{hashlib.md5(digests).hexdigest()}-3"
    assert store.contents() == {"large": expected}
    assert store.body("large") == b"".join(bodies)


def test_only_the_last_part_can_be_small(store: Store) -> None:
    upload = store.s3.create_multipart_upload(Bucket=BUCKET, Key="small")["UploadId"]
    parts = []
    for number in (1, 2):
        query = {"partNumber": str(number), "uploadId": upload}
        reply = send(store.presigned("PUT", "small", query=query), "PUT", {}, b"tiny")
        parts.append({"PartNumber": number, "ETag": reply.headers["etag"]})
    with pytest.raises(store.s3.exceptions.ClientError, match="EntityTooSmall"):
        store.s3.complete_multipart_upload(
            Bucket=BUCKET,
            Key="small",
            UploadId=upload,
            MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]  # created above
        )
    assert store.contents() == {}
