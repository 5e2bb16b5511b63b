"""The Objects port on S3, through boto3.

GET, PUT, COPY and DELETE use S3's conditional requests ("Conditional requests" in the S3 User
Guide), so two callers cannot overwrite each other's objects by accident.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from coffer.adapters.s3.requests import store_unavailable
from coffer.adapters.s3.responses import hex_checksum
from coffer.domain.errors import ObjectChangedError, ObjectExistsError, ObjectMissingError
from coffer.domain.objects import StoredObject
from coffer.settings import aws_settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopyObjectOutputTypeDef

COPY_TIMEOUT = timedelta(minutes=13)
"""How long a copy of 5 GiB, the most in one call, may take: less than the function that waits."""

_REFUSAL_SECONDS = 5.0
"""S3 refuses a request within this time; a later error comes from an attempt to do the work."""
_PAUSES_SECONDS = (0.2, 1.0, 3.0)
_ALGORITHMS = ("SHA256", "SHA1", "CRC64NVME", "CRC32C", "CRC32")
_CHUNK_BYTES = 1024**2
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_FORBIDDEN = frozenset({"403", "AccessDenied"})
_CHANGED = frozenset({"412", "PreconditionFailed"})
_OVERLOADED = frozenset(
    {
        "SlowDown",
        "503",
        "ServiceUnavailable",
        "InternalError",
        "500",
        # Another request for the same key is in progress.
        "409",
        "ConditionalRequestConflict",
        "OperationAborted",
    }
)


T = TypeVar("T")


def s3_client(*, copy_timeout: timedelta | None = None) -> S3Client:
    """Return a client of the configured store, which adds no checksums on its own.

    S3 responds to a copy when it is complete. A client with a `copy_timeout` waits that long, and
    makes one attempt, because there is no time for a second one.
    """
    read_timeout, attempts = (
        (timedelta(seconds=10), 4) if copy_timeout is None else (copy_timeout, 1)
    )
    style: Literal["path", "auto"] = "path" if aws_settings.aws_endpoint_url_s3 else "auto"
    return boto3.client(
        "s3",
        region_name=aws_settings.aws_region,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": style},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=2,
            read_timeout=read_timeout.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )


class S3Objects:
    """The objects of one S3 bucket. `bytes_read` counts the bytes that `read` and `digest`
    fetched. Functions that promote pass a client for copies."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        *,
        copies: S3Client | None = None,
        copy_conditions: bool = True,
    ) -> None:
        self._s3 = client
        self._copies = copies or client
        self._bucket = bucket
        self._copy_conditions = copy_conditions
        self.bytes_read = 0
        if not copy_conditions:
            name_conditions_for_ceph(self._copies)

    def describe(self, key: str) -> StoredObject:
        with self.errors_of_reading(key):
            head = self._s3.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        return StoredObject(
            key=key,
            size_bytes=head["ContentLength"],
            etag=_bare(head["ETag"]),
            last_modified=head["LastModified"],
            content_type=head.get("ContentType", ""),
            metadata=head.get("Metadata", {}),
            checksum=_checksum(head),
            **_whole_checksums(head),
        )

    def read(self, key: str, start: int, length: int, *, etag: str) -> bytes:
        if length <= 0:
            return b""
        with self.errors_of_reading(key):
            response = self._s3.get_object(
                Bucket=self._bucket,
                Key=key,
                Range=f"bytes={start}-{start + length - 1}",
                IfMatch=f'"{etag}"',
            )
            body = response["Body"].read()
        self.bytes_read += len(body)
        return body

    def write(self, key: str, body: bytes, *, content_type: str, sha1_hex: str) -> str:
        try:
            with domain_errors(key):
                response = self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    ChecksumSHA1=b64encode(bytes.fromhex(sha1_hex)).decode(),
                    IfNoneMatch="*",
                )
        except ObjectChangedError as error:
            raise ObjectExistsError(key) from error
        return _bare(response["ETag"])

    def replace(self, key: str, body: bytes, *, content_type: str) -> None:
        with domain_errors(key):
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)

    def promote(
        self, source: StoredObject, destination: str, *, content_type: str, checksum: str
    ) -> StoredObject:
        def copy() -> CopyObjectOutputTypeDef:
            return self._copies.copy_object(
                Bucket=self._bucket,
                Key=destination,
                CopySource={"Bucket": self._bucket, "Key": source.key},
                CopySourceIfMatch=f'"{source.etag}"',
                MetadataDirective="REPLACE",
                # Without this, a copy of an object with tags needs permissions for tags.
                TaggingDirective="REPLACE",
                ContentType=content_type,
                ChecksumAlgorithm="CRC32" if checksum == "CRC32" else "SHA1",
                IfNoneMatch="*",
            )

        try:
            with self.errors_of_reading(source.key):
                response = repeat_refused(copy)
        except (ObjectChangedError, ObjectMissingError) as error:
            return self._promoted_before(source, destination, error)
        result = response["CopyObjectResult"]
        copied = replace(
            source,
            key=destination,
            etag=_bare(result["ETag"]),
            last_modified=result["LastModified"],
            content_type=content_type,
            metadata={},
            sha1_hex=None,
            crc32=None,
            checksum=_checksum(result),
        )
        self._check_copied(source, copied)
        return replace(copied, **_whole_checksums(result))

    def digest(self, key: str) -> tuple[str, str]:
        sha1, crc32 = hashlib.sha1(usedforsecurity=False), 0
        with self.errors_of_reading(key):
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                sha1.update(chunk)
                crc32 = zlib.crc32(chunk, crc32)
                self.bytes_read += len(chunk)
        return sha1.hexdigest(), f"{crc32:08x}"

    def remove(self, key: str, *, etag: str | None = None) -> None:
        condition: Any = {"IfMatch": f'"{etag}"'} if etag else {}
        try:
            with self.errors_of_reading(key):
                self._s3.delete_object(Bucket=self._bucket, Key=key, **condition)
        except ObjectMissingError:
            return

    def written_before(self, prefix: str, moment: datetime) -> Iterator[StoredObject]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        with domain_errors(prefix):
            for page in pages:
                for entry in page.get("Contents", []):
                    if entry["LastModified"] < moment:
                        yield StoredObject(
                            key=entry["Key"],
                            size_bytes=entry["Size"],
                            etag=_bare(entry["ETag"]),
                            last_modified=entry["LastModified"],
                        )

    @contextmanager
    def errors_of_reading(self, key: str) -> Iterator[None]:
        """Raise the domain's errors for errors of S3 about an object that is read or copied.

        S3 responds 404 about a missing object only to roles that may list the whole bucket. Our
        roles may list below some prefixes, so S3 responds 403, and a list shows that the key is
        missing.
        """
        try:
            with domain_errors(key):
                yield
        except ClientError as error:
            if error_code(error) in _FORBIDDEN and self._is_missing(key):
                raise ObjectMissingError(key) from error
            raise

    def _is_missing(self, key: str) -> bool:
        """Return True if a list does not have the key; False if the store refuses the list."""
        try:
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        except ClientError:
            return False
        # A key comes before all longer keys that begin with it.
        return key not in (entry["Key"] for entry in listed.get("Contents", []))

    def _promoted_before(
        self, source: StoredObject, destination: str, error: Exception
    ) -> StoredObject:
        """Return the copy if it exists: S3's 412 does not say which condition failed."""
        try:
            copied = self.describe(destination)
        except ObjectMissingError:
            raise ObjectChangedError(destination) from error
        self._check_copied(source, copied)
        return copied

    def _check_copied(self, source: StoredObject, copied: StoredObject) -> None:
        """Raise ObjectChangedError if the store ignores conditions and has copied other bytes."""
        if self._copy_conditions or "-" in source.etag or copied.etag == source.etag:
            return
        self.remove(copied.key)
        raise ObjectChangedError(source.key)


def repeat_refused(call: Callable[[], T]) -> T:
    """Return the result of a call that may take minutes. The call is repeated if the store refuses
    it at once because it is busy, but not after a timeout or after an attempt to do the work."""
    for pause in _PAUSES_SECONDS:
        started = time.monotonic()
        try:
            return call()
        except ClientError as error:
            is_refusal = time.monotonic() - started < _REFUSAL_SECONDS
            if error_code(error) not in _OVERLOADED or not is_refusal:
                raise
        time.sleep(pause)
    return call()


def error_code(error: ClientError) -> str:
    """Return the code of an error of S3."""
    return error.response.get("Error", {}).get("Code", "")


def name_conditions_for_ceph(client: S3Client) -> None:
    """Let a client send the conditions of copies in Ceph's form, too."""
    for call in ("CopyObject", "UploadPartCopy"):
        client.meta.events.register(f"before-call.s3.{call}", _name_condition_for_ceph)


def _name_condition_for_ceph(params: dict[str, Any], **_: object) -> None:
    """Send the condition on a copy's source under the name that Ceph reads, too.

    radosgw reads `x-amz-copy-if-match` (https://tracker.ceph.com/issues/40808); other stores
    ignore it.
    """
    headers = params["headers"]
    headers["x-amz-copy-if-match"] = headers["x-amz-copy-source-if-match"]


def _bare(etag: str) -> str:
    return etag.strip('"')


def _whole_checksums(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return SHA-1 and CRC-32 in hexadecimal, or nothing if they are composites of parts."""
    if response.get("ChecksumType") == "COMPOSITE":
        return {}
    return {
        "sha1_hex": hex_checksum(response.get("ChecksumSHA1")),
        "crc32": hex_checksum(response.get("ChecksumCRC32")),
    }


def _checksum(response: Mapping[str, Any]) -> str | None:
    """Return the first checksum in the response with its algorithm, or None.

    S3 computes CRC64NVME for an object that was uploaded without a checksum (S3 User Guide,
    "Checking object integrity").
    """
    for algorithm in _ALGORITHMS:
        if value := response.get(f"Checksum{algorithm}"):
            return f"{algorithm} {value}"
    return None


@contextmanager
def domain_errors(key: str) -> Iterator[None]:
    """Raise the domain's errors for errors of S3."""
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in _MISSING:
            raise ObjectMissingError(key) from error
        if code in _CHANGED:
            raise ObjectChangedError(key) from error
        if code in _OVERLOADED:
            raise store_unavailable() from error
        raise
    except BotoCoreError as error:
        raise store_unavailable() from error
