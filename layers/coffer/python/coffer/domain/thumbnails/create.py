"""Create the thumbnail of an upload and store it beside the file (docs/architecture.md).

Used by `make_thumbnail`. Main uploads get a thumbnail when they arrive. The upload of a derivative
gets one if the source of the derivative has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.thumbnail_record import (
    restore_thumbnail_record,
    thumbnail_of_derivative,
    thumbnail_of_upload,
)
from coffer.domain.errors import ObjectMissingError, RecordChangedError, UnavailableError
from coffer.domain.media_types import base_type
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.thumbnails.ports import (
    MAX_THUMBNAIL_BYTES,
    Thumbnailer,
    ThumbnailError,
    ThumbnailResult,
)
from coffer.domain.uploads.image_properties import NO_PROPERTIES, ImageProperties
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus

MAX_FILE_BYTES = 256 * 1024**2
"""Larger files get no thumbnail: the file must fit the disk of the function that decodes."""
_JPEG_MAGIC = b"\xff\xd8\xff"
ATTEMPTS_EXHAUSTED = "thumbnail_attempts_exhausted"

MAX_ATTEMPTS = 3
"""The queue gives up after five attempts. The last two only record the failure, because an attempt
that ran out of time or memory could not."""

RETRY_DELAY = timedelta(minutes=1)
"""How long a thumbnail waits while a service is unavailable."""

Change = Callable[[ObjectUpload], ObjectUpload]


@dataclass(frozen=True, kw_only=True)
class ThumbnailCreation:
    """Dependencies of creating thumbnails."""

    uploads: Uploads
    catalogue: Catalogue
    objects: Objects
    thumbnailer: Thumbnailer
    clock: Clock


def run_attempt(
    ports: ThumbnailCreation, file_identifier: str, attempt: int, postpone: Callable[[], None]
) -> str:
    """Create the thumbnail or record its failure, and return the outcome.

    If a service is unavailable, `postpone` is called. It has to ask for the thumbnail again, later
    and with the first attempt: a picture that was not decoded must not become FAILED.
    """
    complete = create_thumbnail if attempt <= MAX_ATTEMPTS else fail_thumbnail
    try:
        status = complete(ports, file_identifier)
    except UnavailableError:
        postpone()
        return "POSTPONED"
    return status.value if status else "NOTHING_TO_DO"


def create_thumbnail(ports: ThumbnailCreation, file_identifier: str) -> ThumbnailStatus | None:
    """Create the thumbnail of an upload if it is PENDING, and return its new status.

    If that fails, the upload gets the reason, and the derivative record of the thumbnail is
    removed. If it succeeds after a failure, the record is restored. Returns None if the upload does
    not exist. Calling it twice writes the same bytes again at most.
    """
    return _complete(ports, file_identifier, lambda upload: _create(ports, upload))


def fail_thumbnail(ports: ThumbnailCreation, file_identifier: str) -> ThumbnailStatus | None:
    """Set a PENDING thumbnail to FAILED, because every attempt crashed, and return its status."""
    return _complete(ports, file_identifier, lambda _upload: _failure(ATTEMPTS_EXHAUSTED))


def _complete(
    ports: ThumbnailCreation, file_identifier: str, attempt: Callable[[ObjectUpload], Change]
) -> ThumbnailStatus | None:
    upload = ports.uploads.get(file_identifier)
    if upload is None or not upload.is_readable:
        if upload is not None and upload.thumbnail_identifier is not None:
            # A run may have stored the thumbnail after the upload was deleted, and then died.
            ports.objects.remove(upload.thumbnail_key)
        return None
    status = upload.thumbnail_status
    if status is ThumbnailStatus.PENDING:
        status = _write(ports.uploads, upload, attempt(upload))
        if status is None:
            ports.objects.remove(upload.thumbnail_key)
    if status is ThumbnailStatus.FAILED and upload.thumbnail_identifier is not None:
        # An earlier run may have written the failure and died before this.
        ports.catalogue.remove_thumbnail(upload.thumbnail_identifier, ports.clock.now())
    if status is ThumbnailStatus.READY:
        _restore_record(ports.catalogue, upload)
    return status


def _restore_record(catalogue: Catalogue, upload: ObjectUpload) -> None:
    """Write the derivative record of the thumbnail if an earlier failure removed it.

    A record that claims the upload later writes it in its own transaction.
    """
    thumbnail = planned_thumbnail(catalogue, upload)
    action = restore_thumbnail_record(catalogue, thumbnail) if thumbnail is not None else None
    if action is not None:
        catalogue.commit((action,))


def _create(ports: ThumbnailCreation, upload: ObjectUpload) -> Change:
    """Store the thumbnail and return the change of the upload record."""
    try:
        result = ports.thumbnailer.create(
            _describe(ports.objects, upload), base_type(upload.content.detected_media_type)
        )
        _check(result)
    except ThumbnailError as error:
        return _failure(error.code, error.properties)
    except ObjectMissingError:
        return _failure("source_missing")
    ports.objects.replace(upload.thumbnail_key, result.thumbnail, content_type="image/jpeg")
    return lambda record: record.thumbnail_ready(result.properties, warning=result.warning)


def _describe(objects: Objects, upload: ObjectUpload) -> StoredObject:
    stored = objects.describe(str(upload.object_key))
    if stored.size_bytes > MAX_FILE_BYTES:
        raise ThumbnailError(
            "source_too_large",
            f"the image has {stored.size_bytes} bytes; at most {MAX_FILE_BYTES} are decoded",
        )
    return stored


def _check(result: ThumbnailResult) -> None:
    """Raise ThumbnailError if the result is no small JPEG: its decoder may have been taken over."""
    thumbnail = result.thumbnail
    if len(thumbnail) > MAX_THUMBNAIL_BYTES or not thumbnail.startswith(_JPEG_MAGIC):
        raise ThumbnailError("decoder_crashed", "the result of the decoder is not a thumbnail")


def _write(uploads: Uploads, upload: ObjectUpload, change: Change) -> ThumbnailStatus | None:
    """Write the change and return the status; None if the upload was deleted meanwhile.

    If a claim changed the upload at the same time, the change is applied to the new record.
    """
    try:
        return uploads.replace(upload, change(upload)).thumbnail_status
    except RecordChangedError:
        current = uploads.get(upload.file_identifier)
        if current is None or not current.is_readable:
            return None
        if current.thumbnail_status is not ThumbnailStatus.PENDING:
            return current.thumbnail_status
        return uploads.replace(current, change(current)).thumbnail_status


def _failure(code: str, properties: ImageProperties = NO_PROPERTIES) -> Change:
    return lambda upload: upload.thumbnail_failed(code, properties)


def planned_thumbnail(catalogue: Catalogue, upload: ObjectUpload) -> Derivative | None:
    """Return the record of an upload's thumbnail, for the record that claims the upload.

    Returns None if no record claims it, or if that record was deleted.
    """
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    derivative = catalogue.derivative(identifier) if kind == "derivative" else None
    if kind == "derivative" and (derivative is None or derivative.deleted_on is not None):
        return None
    metadata_identifier = derivative.ac_derived_from if derivative else identifier
    metadata = catalogue.metadata(metadata_identifier) if metadata_identifier else None
    if metadata is None or metadata.deleted_on is not None:
        return None
    if derivative is not None:
        return thumbnail_of_derivative(derivative, metadata, upload)
    return thumbnail_of_upload(metadata, upload)
