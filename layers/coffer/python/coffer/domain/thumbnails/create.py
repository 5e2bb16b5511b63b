"""Thumbnails: made of an upload once, kept beside it, and told about either way (flow 5).

Of main uploads as they come, and of a derivative's where what it was made from has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.thumbnail_record import (
    generated_thumbnail,
    restore_thumbnail_record,
    thumbnail_of_derivative,
)
from coffer.domain.errors import ObjectChangedError, ObjectMissingError, RecordChangedError
from coffer.domain.media_types import base_type
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.objects import Objects
from coffer.domain.thumbnails.ports import Thumbnailer, ThumbnailError
from coffer.domain.uploads.image_properties import NO_PROPERTIES, ImageProperties
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus

MAX_SOURCE_BYTES = 256 * 1024**2
"""The largest file that is fetched for its thumbnail; it must fit the function's disk."""

_PIECE_BYTES = 16 * 1024**2

GAVE_UP = "thumbnail_attempts_exhausted"

Change = Callable[[ObjectUpload], ObjectUpload]


@dataclass(frozen=True, kw_only=True)
class Thumbnailing:
    """The parts of the world that thumbnails take."""

    uploads: Uploads
    catalogue: Catalogue
    objects: Objects
    thumbnailer: Thumbnailer
    clock: Clock

    def make(self, file_identifier: str) -> ThumbnailStatus | None:
        """Make the thumbnail of an upload that waits for one; the status it has afterwards.

        Where none can be made the upload says why, and the record with which metadata promised it
        is withdrawn; where one was made after all, that record comes back. Called twice, the same
        bytes are written again at most. None where there is no such upload.
        """
        return self._bring_about(file_identifier, self._attempt)

    def give_up(self, file_identifier: str) -> ThumbnailStatus | None:
        """Say that none could be made: earlier attempts crashed, or ran out of time or memory."""
        return self._bring_about(file_identifier, lambda _upload: _failure(GAVE_UP))

    def _bring_about(
        self, file_identifier: str, attempt: Callable[[ObjectUpload], Change]
    ) -> ThumbnailStatus | None:
        upload = self.uploads.get(file_identifier)
        if upload is None or not upload.is_readable:
            if upload is not None and upload.thumbnail_identifier is not None:
                # It was deleted, and an earlier run may have died behind putting this there.
                self.objects.remove(upload.thumbnail_key)
            return None
        status = upload.thumbnail_status
        if status is ThumbnailStatus.PENDING:
            status = self._settle(upload, attempt(upload))
            if status is None:
                self.objects.remove(upload.thumbnail_key)
        if status is ThumbnailStatus.FAILED and upload.thumbnail_identifier is not None:
            # Also when it had failed before: the run that found out may have died here.
            self.catalogue.withdraw_thumbnail(upload.thumbnail_identifier, self.clock.now())
        if status is ThumbnailStatus.READY:
            self._keep_promise(upload)
        return status

    def _keep_promise(self, upload: ObjectUpload) -> None:
        """See to it that the record of the thumbnail is there, where an earlier failure took it.

        Whoever claims the upload from now on writes it in the transaction that claims.
        """
        thumbnail = planned_thumbnail(self.catalogue, upload)
        action = (
            restore_thumbnail_record(self.catalogue, thumbnail) if thumbnail is not None else None
        )
        if action is not None:
            self.catalogue.commit((action,))

    def _attempt(self, upload: ObjectUpload) -> Change:
        """Put the thumbnail into its place; what that makes of the record."""
        try:
            picture = self.thumbnailer.make(
                self._source(upload), base_type(upload.content.detected_media_type)
            )
        except ThumbnailError as error:
            return _failure(error.code, error.properties)
        except (ObjectMissingError, ObjectChangedError):
            return _failure("source_missing")
        self.objects.replace(upload.thumbnail_key, picture.thumbnail, content_type="image/jpeg")
        return lambda record: record.thumbnail_ready(picture.properties)

    def _source(self, upload: ObjectUpload) -> Iterator[bytes]:
        """The file in pieces, all of them of the same bytes."""
        key = str(upload.object_key)
        stored = self.objects.describe(key)
        if stored.size_bytes > MAX_SOURCE_BYTES:
            raise ThumbnailError(
                "source_too_large",
                f"the image has {stored.size_bytes} bytes; at most {MAX_SOURCE_BYTES} are decoded",
            )
        for start in range(0, stored.size_bytes, _PIECE_BYTES):
            yield self.objects.read(key, start, _PIECE_BYTES, etag=stored.etag)

    def _settle(self, upload: ObjectUpload, change: Change) -> ThumbnailStatus | None:
        """Write the outcome; None where the upload was deleted meanwhile.

        Metadata may claim the upload at the same moment: the change is then made to what it left.
        """
        try:
            return self.uploads.replace(upload, change(upload)).thumbnail_status
        except RecordChangedError:
            current = self.uploads.get(upload.file_identifier)
            if current is None or not current.is_readable:
                return None
            if current.thumbnail_status is not ThumbnailStatus.PENDING:
                return current.thumbnail_status
            return self.uploads.replace(current, change(current)).thumbnail_status


def _failure(code: str, properties: ImageProperties = NO_PROPERTIES) -> Change:
    return lambda upload: upload.thumbnail_failed(code, properties)


def planned_thumbnail(catalogue: Catalogue, upload: ObjectUpload) -> Derivative | None:
    """The record of the thumbnail that is made of an upload, for whatever claimed this.

    None where nothing did, or where what did is gone.
    """
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    derivative = catalogue.derivative(identifier) if kind == "derivative" else None
    if kind == "derivative" and (derivative is None or derivative.deleted_on is not None):
        return None
    described = derivative.ac_derived_from if derivative else identifier
    metadata = catalogue.metadata(described) if described else None
    if metadata is None or metadata.deleted_on is not None:
        return None
    if derivative is not None:
        return thumbnail_of_derivative(derivative, metadata, upload)
    return generated_thumbnail(metadata, upload)
