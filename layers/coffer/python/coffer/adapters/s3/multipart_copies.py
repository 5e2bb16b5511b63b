"""The MultipartCopies port on S3, through boto3: concurrent UploadPartCopy requests.

ListParts says which parts were copied, so only the identifier of the multipart upload is stored.
S3 computes the CRC-32 of each part and combines them to that of the whole object (S3 User Guide,
"Checking object integrity", full object checksums).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from coffer.adapters.s3.objects import (
    S3Objects,
    domain_errors,
    error_code,
    name_conditions_for_ceph,
    repeat_refused,
)
from coffer.domain.errors import MultipartUploadMissingError, ObjectChangedError
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.large_files import MAX_CONCURRENT_PARTS
from coffer.domain.uploads.ports import PartRange

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3MultipartCopies:
    """Multipart copies inside one S3 bucket. `copies` is the client for copies of parts."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        objects: S3Objects,
        *,
        copies: S3Client | None = None,
        copy_conditions: bool = True,
    ) -> None:
        self._s3 = client
        self._copies = copies or client
        if not copy_conditions:
            name_conditions_for_ceph(self._copies)
        self._bucket = bucket
        self._objects = objects
        self._copy_conditions = copy_conditions

    def create(self, destination: str, *, content_type: str) -> str:
        with domain_errors(destination):
            return self._s3.create_multipart_upload(
                Bucket=self._bucket,
                Key=destination,
                ContentType=content_type,
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )["UploadId"]

    def part_numbers(self, destination: str, upload: str) -> Collection[int]:
        return {part["PartNumber"] for part in self._listed(destination, upload)}

    def copy_parts(
        self, destination: str, upload: str, source: StoredObject, ranges: Sequence[PartRange]
    ) -> None:
        def copy_part(part: PartRange) -> None:
            copy = partial(
                self._copies.upload_part_copy,
                Bucket=self._bucket,
                Key=destination,
                UploadId=upload,
                PartNumber=part.number,
                CopySource={"Bucket": self._bucket, "Key": source.key},
                CopySourceIfMatch=f'"{source.etag}"',
                CopySourceRange=f"bytes={part.start}-{part.start + part.length - 1}",
            )
            with _missing_upload(destination), self._objects.errors_of_reading(source.key):
                repeat_refused(copy)

        with ThreadPoolExecutor(MAX_CONCURRENT_PARTS) as pool:
            for _ in pool.map(copy_part, ranges):
                pass
        # A store that ignores conditions may have copied bytes that replaced the source meanwhile.
        if not self._copy_conditions and self.describe(source.key).etag != source.etag:
            raise ObjectChangedError(source.key)

    def complete(self, destination: str, upload: str) -> StoredObject:
        listed: list[Any] = [
            {name: part[name] for name in ("PartNumber", "ETag", "ChecksumCRC32") if name in part}
            for part in self._listed(destination, upload)
        ]
        # S3 may take minutes to put the parts together.
        complete = partial(
            self._copies.complete_multipart_upload,
            Bucket=self._bucket,
            Key=destination,
            UploadId=upload,
            MultipartUpload={"Parts": listed},
            ChecksumType="FULL_OBJECT",
        )
        with _missing_upload(destination), domain_errors(destination):
            repeat_refused(complete)
        return self.describe(destination)

    def abort(self, destination: str, upload: str) -> None:
        with (
            suppress(MultipartUploadMissingError),
            _missing_upload(destination),
            domain_errors(destination),
        ):
            self._s3.abort_multipart_upload(Bucket=self._bucket, Key=destination, UploadId=upload)

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
        if error_code(error) == "NoSuchUpload":
            raise MultipartUploadMissingError(key) from error
        raise
