"""Thumbnails: made of a main upload once, kept beside it, and told about either way (flow 5)."""

from __future__ import annotations

from collections.abc import Callable

from coffer.domain.errors import ObjectChangedError, ObjectMissingError, RecordChangedError
from coffer.domain.object_upload import ObjectUpload, ThumbnailStatus
from coffer.domain.ports import Objects, Thumbnailer, ThumbnailError, Uploads

MAX_SOURCE_BYTES = 256 * 1024**2
"""The largest image that is read into memory for its thumbnail."""

GAVE_UP = "thumbnail_attempts_exhausted"


def make_thumbnail(
    uploads: Uploads, objects: Objects, thumbnailer: Thumbnailer, file_identifier: str
) -> ThumbnailStatus | None:
    """Make the thumbnail of an upload that waits for one; the status it has afterwards.

    Called twice, the same bytes are written again at most. None where there is no such upload.
    """
    upload = uploads.get(file_identifier)
    if upload is None or not upload.is_readable:
        return None
    if upload.thumbnail_status is not ThumbnailStatus.PENDING:
        return upload.thumbnail_status
    try:
        source = _source(objects, upload)
        objects.replace(upload.thumbnail_key, thumbnailer.make(source), content_type="image/jpeg")
    except ThumbnailError as error:
        return _settle(uploads, upload, _failure(error.code))
    except (ObjectMissingError, ObjectChangedError):
        return _settle(uploads, upload, _failure("source_missing"))
    settled = _settle(uploads, upload, ObjectUpload.thumbnail_ready)
    if settled is None:
        objects.remove(upload.thumbnail_key)
    return settled


def give_up(uploads: Uploads, file_identifier: str) -> ThumbnailStatus | None:
    """Say that no thumbnail could be made: the attempts crashed or ran out of time."""
    upload = uploads.get(file_identifier)
    if upload is None or upload.thumbnail_status is not ThumbnailStatus.PENDING:
        return None
    return _settle(uploads, upload, _failure(GAVE_UP))


def _failure(code: str) -> Callable[[ObjectUpload], ObjectUpload]:
    return lambda upload: upload.thumbnail_failed(code)


def _source(objects: Objects, upload: ObjectUpload) -> bytes:
    key = str(upload.object_key)
    stored = objects.describe(key)
    if stored.size_bytes > MAX_SOURCE_BYTES:
        raise ThumbnailError(
            "source_too_large",
            f"the image has {stored.size_bytes} bytes; at most {MAX_SOURCE_BYTES} are decoded",
        )
    return objects.read(key, 0, stored.size_bytes, etag=stored.etag)


def _settle(
    uploads: Uploads, upload: ObjectUpload, change: Callable[[ObjectUpload], ObjectUpload]
) -> ThumbnailStatus | None:
    """Write the outcome; None where the upload was deleted meanwhile.

    Metadata may claim the upload at the same moment: the change is then made to what it left.
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
