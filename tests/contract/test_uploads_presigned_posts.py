"""Presigned POSTs, sent to a store that enforces their policy."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta
from hashlib import md5, sha256
from typing import Any
from urllib.parse import urlsplit

import pytest

from coffer.adapters.signing.object_store import store_endpoint, store_signer
from coffer.adapters.signing.presigned_posts import FORM_LIFETIME, S3PresignedPosts
from coffer.adapters.system_clock import SystemClock
from coffer.domain.uploads.grant import METADATA_NAME, UploadGrant
from coffer.domain.uploads.presigned_uploads import Checksums, PresignedPost, UploadPolicy
from coffer.settings import store_settings
from local.stack import LocalStack
from tests.api import s3_forms
from tests.fakes.objects import crc32_of, sha1_of

BODY = b"the bytes of a file"
OTHER = b"the bytes of a fake"
KEY = "incoming/aafc/x"
GRANT = UploadGrant(bucket="aafc", created_by="alice", original_filename="Käfer.png").encode()
HASHES: dict[str, dict[str, str]] = {
    "SHA-1": {"sha1_hex": sha1_of(BODY)},
    "SHA-1 in capitals": {"sha1_hex": sha1_of(BODY).upper()},
    "SHA-256": {"sha256_hex": sha256(BODY).hexdigest()},
    "CRC-32": {"crc32": crc32_of(BODY)},
    "MD5": {"md5": b64encode(md5(BODY, usedforsecurity=False).digest()).decode()},
    "two": {
        "crc32": crc32_of(BODY),
        "md5": b64encode(md5(BODY, usedforsecurity=False).digest()).decode(),
    },
}


def sign(**changes: Any) -> PresignedPost:
    allowed: dict[str, Any] = {
        "key": KEY,
        "grant": GRANT,
        "media_type": "image/png",
        "min_bytes": len(BODY),
        "max_bytes": len(BODY),
        "checksums": Checksums(),
    }
    forms = S3PresignedPosts(store_signer(), store_endpoint(), store_settings.object_bucket)
    [form] = forms.sign([UploadPolicy(**allowed | changes)], SystemClock().now())
    return form


def post(form: PresignedPost, body: bytes = BODY, *, name: str = "", value: str = "") -> int:
    """Send the form with changed fields; a field with an empty value is left out."""
    url = urlsplit(form.url)
    fields = {field: text for field, text in (form.fields | {name: value}).items() if text}
    return s3_forms.post(url.netloc, url.path, fields, body)


def test_an_allowed_upload_is_stored_with_its_grant(stack: LocalStack) -> None:
    assert post(sign()) == 201
    head = stack.client("s3").head_object(Bucket=store_settings.object_bucket, Key=KEY)
    assert head["ContentType"] == "image/png"
    assert head["Metadata"] == {METADATA_NAME: GRANT}
    assert head["ContentLength"] == len(BODY)


def test_several_forms_are_returned_in_order() -> None:
    now = SystemClock().now()
    forms = S3PresignedPosts(store_signer(), store_endpoint(), store_settings.object_bucket)
    allowed = [
        UploadPolicy(
            key=f"incoming/a/{number}",
            grant=GRANT,
            media_type=None,
            min_bytes=1,
            max_bytes=9,
            checksums=Checksums(),
        )
        for number in range(3)
    ]
    signed = forms.sign(allowed, now)
    assert [form.fields["key"] for form in signed] == [one.key for one in allowed]
    assert {form.expires for form in signed} == {now + FORM_LIFETIME}
    assert {form.url for form in signed} == {
        store_endpoint().bucket_url(store_settings.object_bucket)
    }
    assert {form.fields["Content-Type"] for form in signed} == {"application/octet-stream"}


@pytest.mark.parametrize("other", ["", "text/html", "x", "é", "a/b, c/d"])
def test_without_an_announced_media_type_the_client_may_set_one(
    stack: LocalStack, other: str
) -> None:
    form = sign(media_type=None)
    conditions = json.loads(b64decode(form.fields["policy"]))["conditions"]
    assert ["starts-with", "$Content-Type", ""] in conditions
    assert post(form, name="Content-Type", value=other) == (201 if other else 403)
    assert post(form) == 201
    head = stack.client("s3").head_object(Bucket=store_settings.object_bucket, Key=KEY)
    assert head["ContentType"] == "application/octet-stream"


def test_forms_of_one_call_can_have_fixed_and_free_media_types(stack: LocalStack) -> None:
    forms = S3PresignedPosts(store_signer(), store_endpoint(), store_settings.object_bucket)
    policies = [
        UploadPolicy(
            key=f"incoming/a/{number}",
            grant=GRANT,
            media_type=media_type,
            min_bytes=1,
            max_bytes=99,
            checksums=Checksums(),
        )
        for number, media_type in enumerate([None, "image/png", None])
    ]
    free, fixed, also_free = forms.sign(policies, SystemClock().now())
    for form, status in ((free, 201), (fixed, 403), (also_free, 201)):
        assert post(form, name="Content-Type", value="text/csv") == status
        assert post(form) == 201


@pytest.mark.parametrize(
    ("size", "status"), [(0, 400), (9, 400), (10, 201), (15, 201), (20, 201), (21, 400)]
)
def test_the_policy_limits_the_size(stack: LocalStack, size: int, status: int) -> None:
    assert post(sign(min_bytes=10, max_bytes=20), b"x" * size) == status
    assert bool(stack.keys("ObjectBucket")) is (status == 201)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "incoming/other/x"),
        ("key", "objects/aafc/x"),
        ("Content-Type", "text/html"),
        ("Content-Type", ""),
        (f"x-amz-meta-{METADATA_NAME}", "Zm9yZ2Vk"),
        (f"x-amz-meta-{METADATA_NAME}", ""),
        ("success_action_status", "200"),
        ("acl", "public-read"),
        ("x-amz-meta-more", "x"),
        # Uppy's XHRUpload sends these without `allowedMetaFields`.
        ("name", "photo.jpg"),
        ("type", "image/jpeg"),
        ("relativePath", "null"),
        ("x-amz-storage-class", "GLACIER"),
        ("x-amz-signature", "0" * 64),
        ("policy", ""),
    ],
)
def test_no_field_can_be_changed_removed_or_added(stack: LocalStack, name: str, value: str) -> None:
    assert post(sign(), name=name, value=value) in (400, 403)
    assert stack.keys("ObjectBucket") == []


@pytest.mark.parametrize("hashes", HASHES.values(), ids=HASHES)
def test_bytes_with_another_checksum_are_refused(stack: LocalStack, hashes: dict[str, str]) -> None:
    form = sign(checksums=Checksums(**hashes))
    assert post(form, OTHER) == 400
    assert stack.keys("ObjectBucket") == []
    assert post(form) == 201


def test_a_form_expires(stack: LocalStack) -> None:
    form = sign()
    stack.clock.advance(FORM_LIFETIME - timedelta(seconds=5))
    assert post(form) == 201
    stack.clock.advance(timedelta(seconds=6))
    assert post(form) == 403
