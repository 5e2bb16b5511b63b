"""Store a small file that was sent through the API itself (docs/architecture.md).

The record is written as PENDING, which readers do not see. Then the bytes are written, and the
record becomes AVAILABLE. If the function stops in between, housekeeping finishes the upload if the
bytes are stored and removes the record if not.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.detection import BufferReader
from coffer.domain.errors import (
    InvalidError,
    ObjectExistsError,
    RecordExistsError,
    RequestError,
    TooLargeError,
    UnsupportedTypeError,
)
from coffer.domain.file_names import SentName, parse_sent_name
from coffer.domain.identifiers import new_identifier, paired_identifier
from coffer.domain.media_types import parse_media_type
from coffer.domain.objects import Objects
from coffer.domain.permissions.rights import OBJECT_UPLOAD, Permission, require_right
from coffer.domain.uploads.completion import finish_direct_upload
from coffer.domain.uploads.forbidden_types import DEFAULT_FORBIDDEN_TYPES, ForbiddenTypes
from coffer.domain.uploads.object_keys import final_key
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import (
    Awaiting,
    Content,
    ObjectUpload,
    RejectedError,
    UploadResult,
    UploadStatus,
)
from coffer.domain.uploads.rules import inspect, wants_thumbnail

_ERRORS: dict[str, type[RequestError]] = {
    "empty_file": InvalidError,
    "file_too_large": TooLargeError,
    "media_type_forbidden": UnsupportedTypeError,
}
"""The error of the response by the code of the rejection."""


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """A file from a form: its bytes, and its name, media type and path as the client sent them."""

    body: bytes
    name: str | None
    media_type: str | None
    relative_path: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """A text that is the same for files with the same bytes, name, path and media type."""
        text = f"{hashlib.sha256(self.body).hexdigest()}/{self.media_type}/{self.name}"
        if self.relative_path is not None:
            text += f"\0{self.relative_path}"
        return text.encode(errors="surrogatepass")


def upload_directly(
    uploads: Uploads,
    objects: Objects,
    clock: Clock,
    caller: Caller,
    file: ReceivedFile,
    *,
    bucket: str,
    is_derivative: bool,
    max_bytes: int,
    forbidden: ForbiddenTypes = DEFAULT_FORBIDDEN_TYPES,
    identify: Callable[[int], str] | None = None,
) -> UploadResult:
    """Store a file and its record; raise RequestError, with nothing stored, if it is refused.

    The result's duplicate warning covers files in all buckets that the caller may read. The
    record's covers the same bucket only, because all its readers see it. `identify(0)` gives the
    identifier of the file and `identify(1)` that of its thumbnail; with the same identifiers, a
    repeated call continues what an earlier one began.
    """
    require_right(caller, OBJECT_UPLOAD, Permission.CREATE, group=bucket)
    sent = parse_sent_name(file.name, file.relative_path)
    media_type = parse_media_type(file.media_type)
    content = _inspect(file.body, sent.name, media_type, max_bytes, forbidden)
    identify = identify or (lambda _number: new_identifier(clock))
    upload = _pending(clock, caller, content, sent, media_type, bucket, is_derivative, identify)
    sha1_hex = str(content.sha1_hex)
    in_bucket = any(True for _ in uploads.buckets_with_content(sha1_hex, bucket_key(bucket)))
    elsewhere = not in_bucket and any(map(caller.may_read, uploads.buckets_with_content(sha1_hex)))
    stored = _add_record(uploads, replace(upload, duplicate_found=in_bucket))
    etag = _write_bytes(objects, stored, file.body)
    if stored.status is not UploadStatus.AVAILABLE:
        stored = finish_direct_upload(uploads, clock, stored, etag)
    return UploadResult(upload=stored, duplicate_found=stored.duplicate_found or elsewhere)


def _inspect(
    body: bytes, name: str, media_type: str | None, max_bytes: int, forbidden: ForbiddenTypes
) -> Content:
    try:
        content = inspect(
            BufferReader(body),
            name=name,
            received_media_type=media_type,
            max_bytes=max_bytes,
            forbidden=forbidden,
        )
    except RejectedError as error:
        code, detail = error.rejection.code, error.rejection.detail
        if code == "file_too_large":
            detail += " Upload larger files directly to S3, by POST /api/v1/upload/{bucket}."
        raise _ERRORS[code](code, detail) from error
    return replace(
        content,
        sha1_hex=hashlib.sha1(body, usedforsecurity=False).hexdigest(),
        crc32=f"{zlib.crc32(body):08x}",
    )


def _pending(
    clock: Clock,
    caller: Caller,
    content: Content,
    sent: SentName,
    media_type: str | None,
    bucket: str,
    is_derivative: bool,
    identify: Callable[[int], str],
) -> ObjectUpload:
    now = clock.now()
    identifier = identify(0)
    extension = content.evaluated_file_extension
    return ObjectUpload(
        file_identifier=identifier,
        bucket=bucket,
        is_derivative=is_derivative,
        original_filename=sent.name,
        folder=sent.folder,
        received_media_type=media_type,
        created_by=caller.username,
        created_on=now,
        status=UploadStatus.PENDING,
        object_key=final_key(bucket, identifier, extension, is_derivative=is_derivative),
        inspected_content=content,
        thumbnail_identifier=(
            paired_identifier(identifier)
            if wants_thumbnail(content, is_derivative=is_derivative)
            else None
        ),
        awaiting=Awaiting.COMPLETION,
        awaiting_since=now,
    )


def _add_record(uploads: Uploads, pending: ObjectUpload) -> ObjectUpload:
    try:
        return uploads.add(pending)
    except RecordExistsError:
        # Only this upload has the identifier: an earlier attempt wrote the record, but its
        # response was lost.
        existing = uploads.get(pending.file_identifier)
        if existing is None:
            raise
        return existing


def _write_bytes(objects: Objects, pending: ObjectUpload, body: bytes) -> str:
    """Store the bytes and return their ETag."""
    key = str(pending.object_key)
    try:
        return objects.write(
            key,
            body,
            content_type=pending.content.evaluated_media_type,
            sha1_hex=str(pending.content.sha1_hex),
        )
    except ObjectExistsError:
        # Only this upload has the key: an earlier attempt wrote the object.
        return objects.describe(key).etag
