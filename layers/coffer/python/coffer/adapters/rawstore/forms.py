"""The DatasetForms port: POST forms that upload the files of a dataset to S3."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from coffer.adapters.signing.sigv4 import Signer
from coffer.domain.media_types import is_inert
from coffer.domain.rawstore.datasets import Dataset, DatasetFile
from coffer.domain.rawstore.objects import ATTACHMENT

PUBLIC_READ = "public-read"
OWNER_META, FINDABILITY_META = "x-amz-meta-owner", "x-amz-meta-findability"


class S3DatasetForms:
    """Forms for one S3 bucket.

    If `acl` is public-read, each dataset decides if its files are public: they get the ACL
    `private` or `public-read`. All uploads get any other value of `acl`.
    """

    def __init__(self, signer: Signer, bucket: str, *, acl: str) -> None:
        self._signer = signer
        self._bucket = bucket
        self._acl = acl

    def sign(
        self, dataset: Dataset, files: Sequence[DatasetFile], *, now: datetime, life: timedelta
    ) -> list[dict[str, str]]:
        return self._signer.sign_posts(
            self._bucket,
            [(_own_fields(file), (file.length_bytes, file.length_bytes)) for file in files],
            now=now,
            expires_in=life,
            common={
                "acl": "private" if dataset.is_private and self._acl == PUBLIC_READ else self._acl,
                OWNER_META: dataset.owner,
                FINDABILITY_META: dataset.findability,
            },
        )


def _own_fields(file: DatasetFile) -> dict[str, str]:
    fields = {
        "Content-MD5": file.md5.base64,
        "Content-Type": file.media_type,
        "key": file.key,
    }
    if not is_inert(file.media_type):
        fields["Content-Disposition"] = ATTACHMENT
    return fields
