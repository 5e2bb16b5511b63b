"""The PackageForms port: POST forms that put a package's files into the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from coffer.adapters.signing.sigv4 import Signer
from coffer.domain.rawstore.datasets import Package, PackageFile

PUBLIC_READ = "public-read"
OWNER_META, FINDABILITY_META = "x-amz-meta-owner", "x-amz-meta-findability"


class S3PackageForms:
    """Forms for one S3 bucket.

    With `acl` public-read, packages decide who may read their files: `private` or `public-read`.
    Any other value stands on every upload.
    """

    def __init__(self, signer: Signer, bucket: str, *, acl: str) -> None:
        self._signer = signer
        self._bucket = bucket
        self._acl = acl

    def sign(
        self, package: Package, files: Sequence[PackageFile], *, now: datetime, life: timedelta
    ) -> list[dict[str, str]]:
        return self._signer.sign_posts(
            self._bucket,
            [
                (
                    {
                        "Content-MD5": file.md5.base64,
                        "Content-Type": file.media_type,
                        "key": file.key,
                    },
                    (file.length_bytes, file.length_bytes),
                )
                for file in files
            ],
            now=now,
            expires_in=life,
            common={
                "acl": "private" if package.is_private and self._acl == PUBLIC_READ else self._acl,
                OWNER_META: package.owner,
                FINDABILITY_META: package.findability,
            },
        )
