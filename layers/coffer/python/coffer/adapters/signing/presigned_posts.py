"""Implement the PresignedPosts port for the object bucket.

The policy fixes the value of each field, except that of the Content-Type if no media type was
announced: the client may set one. The checksum fields make S3 refuse other bytes (AWS, "POST
Object": `x-amz-checksum-*`, `Content-MD5`).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta

from coffer.adapters.signing.sigv4 import Endpoint, PostForm, Signer
from coffer.domain.media_types import OCTET_STREAM
from coffer.domain.uploads.grant import GRANT_FIELD
from coffer.domain.uploads.presigned_uploads import Checksums, PresignedPost, UploadPolicy

FORM_LIFETIME = timedelta(hours=1)
_COMMON_FIELDS = {"success_action_status": "201"}
_DEFAULT_FIELDS = {"Content-Type": OCTET_STREAM}
"""S3 refuses a field without a condition, and a condition without a field."""


class S3PresignedPosts:
    """Creates presigned POSTs to one S3 bucket."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str) -> None:
        self._signer = signer
        self._url = endpoint.bucket_url(bucket)
        self._bucket = bucket

    def sign(self, policies: Sequence[UploadPolicy], now: datetime) -> list[PresignedPost]:
        posts: list[PostForm] = [
            (_fields(policy), (policy.min_bytes, policy.max_bytes)) for policy in policies
        ]
        signed = self._signer.sign_posts(
            self._bucket,
            posts,
            now=now,
            expires_in=FORM_LIFETIME,
            common=_COMMON_FIELDS,
            defaults=_DEFAULT_FIELDS,
        )
        return [
            PresignedPost(url=self._url, fields=fields, expires=now + FORM_LIFETIME)
            for fields in signed
        ]


def _fields(policy: UploadPolicy) -> dict[str, str]:
    fields = {"key": policy.key, GRANT_FIELD: policy.grant}
    if policy.media_type is not None:
        fields["Content-Type"] = policy.media_type
    return fields | _checksum_fields(policy.checksums)


def _checksum_fields(checksums: Checksums) -> dict[str, str]:
    fields = {}
    for algorithm, value in (
        ("SHA1", checksums.sha1_hex),
        ("SHA256", checksums.sha256_hex),
        ("CRC32", checksums.crc32),
    ):
        if value is not None:
            fields["x-amz-checksum-algorithm"] = algorithm
            fields[f"x-amz-checksum-{algorithm.lower()}"] = b64encode(bytes.fromhex(value)).decode()
    if checksums.md5 is not None:
        fields["Content-MD5"] = checksums.md5
    return fields
