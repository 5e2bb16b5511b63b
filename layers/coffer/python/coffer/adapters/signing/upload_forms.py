"""The UploadForms port: POST forms for S3, signed by hand.

Every field is pinned by a condition of the policy. The checksum fields make S3 refuse other bytes
(AWS, "POST Object": `x-amz-checksum-*`, `Content-MD5`).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta

from coffer.adapters.signing.sigv4 import Endpoint, PostForm, Signer
from coffer.domain.uploads.grant import FIELD as GRANT_FIELD
from coffer.domain.uploads.presigned_uploads import AllowedUpload, Checksums, SignedForm

FORM_LIFE = timedelta(hours=1)
_ANSWER = {"success_action_status": "201"}


class S3UploadForms:
    """Forms that put files into one S3 bucket."""

    def __init__(self, signer: Signer, endpoint: Endpoint, bucket: str) -> None:
        self._signer = signer
        self._url = endpoint.bucket_url(bucket)
        self._bucket = bucket

    def sign(self, uploads: Sequence[AllowedUpload], now: datetime) -> list[SignedForm]:
        posts: list[PostForm] = [
            (_fields(upload), (upload.least_bytes, upload.most_bytes)) for upload in uploads
        ]
        signed = self._signer.sign_posts(
            self._bucket, posts, now=now, expires_in=FORM_LIFE, common=_ANSWER
        )
        return [
            SignedForm(url=self._url, fields=fields, expires=now + FORM_LIFE) for fields in signed
        ]


def _fields(upload: AllowedUpload) -> dict[str, str]:
    fields = {"key": upload.key, GRANT_FIELD: upload.grant}
    if upload.media_type is not None:
        fields["Content-Type"] = upload.media_type
    return fields | _checksum_fields(upload.checksums)


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
