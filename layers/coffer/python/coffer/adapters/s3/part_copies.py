"""The PartCopies port on S3, through boto3: UploadPartCopy, several at once.

The parts that are there are the store's to tell (ListParts), so nothing but the identifier of the
upload has to be remembered. The store computes the CRC-32 of each part, and of all parts the one
of the whole (S3 User Guide, "Checking object integrity", full object checksums).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from coffer.adapters.s3.objects import S3Objects, domain_errors
from coffer.domain.errors import ObjectChangedError, UploadMissingError
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.large_files import PARTS_AT_ONCE
from coffer.domain.uploads.ports import Stretch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3PartCopies:
    """Copies by parts inside one S3 bucket. The client has to wait as long as a part may take."""

    def __init__(
        self, client: S3Client, bucket: str, objects: S3Objects, *, copy_conditions: bool = True
    ) -> None:
        self._s3 = client
        self._bucket = bucket
        self._objects = objects
        self._copy_conditions = copy_conditions

    def begin(self, destination: str, *, content_type: str) -> str:
        with domain_errors(destination):
            return self._s3.create_multipart_upload(
                Bucket=self._bucket,
                Key=destination,
                ContentType=content_type,
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )["UploadId"]

    def parts(self, destination: str, upload: str) -> Collection[int]:
        return {part["PartNumber"] for part in self._listed(destination, upload)}

    def copy(
        self, destination: str, upload: str, source: StoredObject, stretches: Sequence[Stretch]
    ) -> None:
        def copy_one(one: Stretch) -> None:
            with _missing_upload(destination), domain_errors(source.key):
                self._s3.upload_part_copy(
                    Bucket=self._bucket,
                    Key=destination,
                    UploadId=upload,
                    PartNumber=one.number,
                    CopySource={"Bucket": self._bucket, "Key": source.key},
                    CopySourceIfMatch=f'"{source.etag}"',
                    CopySourceRange=f"bytes={one.start}-{one.start + one.length - 1}",
                )

        with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
            for _ in pool.map(copy_one, stretches):
                pass
        # Where the store takes no condition on copies, other bytes may have come in between.
        if not self._copy_conditions and self.describe(source.key).etag != source.etag:
            raise ObjectChangedError(source.key)

    def finish(self, destination: str, upload: str) -> StoredObject:
        listed: list[Any] = [
            {name: part[name] for name in ("PartNumber", "ETag", "ChecksumCRC32") if name in part}
            for part in self._listed(destination, upload)
        ]
        with _missing_upload(destination), domain_errors(destination):
            self._s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=destination,
                UploadId=upload,
                MultipartUpload={"Parts": listed},
                ChecksumType="FULL_OBJECT",
            )
        return self.describe(destination)

    def abandon(self, destination: str, upload: str) -> None:
        try:
            with _missing_upload(destination), domain_errors(destination):
                self._s3.abort_multipart_upload(
                    Bucket=self._bucket, Key=destination, UploadId=upload
                )
        except UploadMissingError:
            return

    def describe(self, key: str) -> StoredObject:
        return self._objects.describe(key)

    def _listed(self, destination: str, upload: str) -> Iterator[Any]:
        pages = self._s3.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=destination, UploadId=upload
        )
        with _missing_upload(destination), domain_errors(destination):
            for page in pages:
                yield from page.get("Parts", [])


@contextmanager
def _missing_upload(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchUpload":
            raise UploadMissingError(key) from error
        raise
