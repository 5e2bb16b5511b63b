"""Direct upload: a small file comes through the API itself (flow 1 of the architecture).

The record is written first, as PENDING, which no reader sees; then the bytes, under a key that
holds nothing; then the record is flipped. Killed in between, housekeeping looks whether the bytes
are there and finishes or removes the record.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.detection import BufferReader
from coffer.domain.errors import (
    InvalidError,
    ObjectExistsError,
    RecordChangedError,
    RecordExistsError,
    RequestError,
    TooLargeError,
    UnsupportedTypeError,
)
from coffer.domain.file_names import admit_name
from coffer.domain.identifiers import new_identifier
from coffer.domain.objects import Objects
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Awaiting, Content, ObjectUpload, UploadStatus, final_key
from coffer.domain.uploads.rules import RejectedError, admit_media_type, inspect, wants_thumbnail

_REFUSALS: dict[str, type[RequestError]] = {
    "empty_file": InvalidError,
    "file_too_large": TooLargeError,
    "media_type_forbidden": UnsupportedTypeError,
}


@dataclass(frozen=True, kw_only=True)
class ReceivedFile:
    """A file as a form brought it: its bytes, the name and the type it was sent with."""

    body: bytes
    name: str | None
    media_type: str | None

    @property
    def fingerprint(self) -> bytes:
        """What makes it the same file as another: its hash, its name and its type."""
        body = hashlib.sha256(self.body).hexdigest()
        return f"{body}/{self.media_type}/{self.name}".encode(errors="surrogatepass")


@dataclass(frozen=True, kw_only=True)
class UploadReceipt:
    """The record of a stored file, and whether the caller has seen its content before."""

    upload: ObjectUpload
    duplicate_found: bool


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
    identify: Callable[[int], str] | None = None,
) -> UploadReceipt:
    """Store a file and its record; raises a RequestError, with nothing stored, if it may not be.

    The duplicate warning in the receipt is about files that the caller may see, in any bucket;
    the record keeps what holds for every reader of it: duplicates in the same bucket. `identify`
    gives the identifiers of the file and of its thumbnail: what an earlier run made under them, as
    far as it came, is what this one goes on with.
    """
    caller.require_role(Role.GUEST, bucket)
    name = admit_name(file.name)
    media_type = admit_media_type(file.media_type)
    content = _examine(file.body, name, media_type, max_bytes)
    identify = identify or (lambda _number: new_identifier(clock))
    upload = _pending(clock, caller, content, name, media_type, bucket, is_derivative, identify)
    sha1_hex = str(content.sha1_hex)
    in_bucket = next(uploads.with_content(sha1_hex, bucket_key(bucket)), None) is not None
    elsewhere = not in_bucket and any(map(caller.may_read, uploads.with_content(sha1_hex)))
    pending = _record(uploads, replace(upload, duplicate_found=in_bucket))
    _store(objects, pending, file.body)
    is_done = pending.status is UploadStatus.AVAILABLE
    stored = pending if is_done else finish_direct_upload(uploads, clock, pending)
    return UploadReceipt(upload=stored, duplicate_found=stored.duplicate_found or elsewhere)


def finish_direct_upload(uploads: Uploads, clock: Clock, pending: ObjectUpload) -> ObjectUpload:
    """Flip a PENDING record whose bytes are in place; done already, the record as it stands."""
    if pending.object_key is None:
        raise ValueError(f"upload {pending.file_identifier} has no object key")
    after = pending.available(
        pending.content,
        pending.object_key,
        clock.now(),
        duplicate_found=pending.duplicate_found,
        thumbnail_identifier=pending.thumbnail_identifier,
    )
    try:
        return uploads.replace(pending, after)
    except RecordChangedError:
        current = uploads.get(pending.file_identifier)
        if current is None or current.status is not UploadStatus.AVAILABLE:
            raise
        return current


def _examine(body: bytes, name: str, media_type: str | None, max_bytes: int) -> Content:
    try:
        content = inspect(
            BufferReader(body), name=name, received_media_type=media_type, max_bytes=max_bytes
        )
    except RejectedError as error:
        rejection = error.rejection
        raise _REFUSALS[rejection.code](
            rejection.code, f"{rejection.detail}{_hint(rejection.code)}"
        ) from error
    return replace(
        content,
        sha1_hex=hashlib.sha1(body, usedforsecurity=False).hexdigest(),
        crc32=f"{zlib.crc32(body):08x}",
    )


def _hint(code: str) -> str:
    if code != "file_too_large":
        return ""
    return " Larger files go straight to S3: POST /api/v1/upload/{bucket} says how."


def _pending(
    clock: Clock,
    caller: Caller,
    content: Content,
    name: str,
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
        original_filename=name,
        received_media_type=media_type,
        created_by=caller.username,
        created_on=now,
        status=UploadStatus.PENDING,
        object_key=final_key(bucket, identifier, extension, is_derivative=is_derivative),
        inspected_content=content,
        thumbnail_identifier=(
            identify(1) if wants_thumbnail(content, is_derivative=is_derivative) else None
        ),
        awaiting=Awaiting.COMPLETION,
        awaiting_since=now,
    )


def _record(uploads: Uploads, pending: ObjectUpload) -> ObjectUpload:
    try:
        return uploads.add(pending)
    except RecordExistsError:
        # The identifier is ours alone, so this is our own record: an earlier attempt arrived and
        # only its answer was lost.
        recorded = uploads.get(pending.file_identifier)
        if recorded is None:
            raise
        return recorded


def _store(objects: Objects, pending: ObjectUpload, body: bytes) -> None:
    try:
        objects.write(
            str(pending.object_key),
            body,
            content_type=pending.content.evaluated_media_type,
            sha1_hex=str(pending.content.sha1_hex),
        )
    except ObjectExistsError:
        # The identifier is fresh and ours, so these are our own bytes: the first attempt
        # arrived and only its answer was lost.
        return
