"""Repairing thumbnails: of one record when somebody asks, of many when their reason is gone.

Both say on the upload's record that a thumbnail is wanted; the change stream tells it, and what
makes thumbnails hears it. So a repair that is killed half-way is finished there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coffer.domain.callers import Caller
from coffer.domain.cataloguing import read_metadata
from coffer.domain.derivative import Derivative, DerivativeType
from coffer.domain.errors import InvalidError, ObjectMissingError, RecordChangedError
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import is_imageable
from coffer.domain.metadata import Metadata
from coffer.domain.object_upload import ObjectUpload, ThumbnailStatus
from coffer.domain.ports import Uploads
from coffer.domain.thumbnails import Thumbnailing


@dataclass(frozen=True, kw_only=True)
class AskedAgain:
    """How many thumbnails were asked for again, and behind which upload to go on, if at all."""

    asked: int
    go_on_after: str | None


def ask_again(
    uploads: Uploads, failure: str, *, after: str | None, time_is_up: Callable[[], bool]
) -> AskedAgain:
    """Ask for the thumbnails that failed for this reason again, as many as there is time for.

    In the order of the uploads, those behind `after`: so what fails again for the same reason is
    not asked for a third time. What somebody writes at the same moment is left to the next run.
    """
    asked, last = 0, after
    for identifier in uploads.without_thumbnail(failure, after):
        if time_is_up():
            return AskedAgain(asked=asked, go_on_after=last)
        asked += _ask(uploads, identifier, failure)
        last = identifier
    return AskedAgain(asked=asked, go_on_after=None)


def _ask(uploads: Uploads, identifier: str, failure: str) -> bool:
    upload = uploads.get(identifier)
    if upload is None or not upload.is_readable or upload.thumbnail_failure != failure:
        return False
    try:
        uploads.replace(upload, upload.thumbnail_wanted(str(upload.thumbnail_identifier)))
    except RecordChangedError:
        return False
    return True


def regenerate(
    thumbnailing: Thumbnailing,
    caller: Caller,
    metadata_identifier: str,
    made_from: DerivativeType | None = None,
) -> Derivative | None:
    """The record of the thumbnail of what this metadata describes, made now where it is missing.

    A submitted one is left as it is, and of a generated one only the missing file is made again.
    Where there is none, it is made of the first derivative of the type `made_from`, or of the main
    file (reference, 1.9: derivative-generation). None where none can be made. Raises a
    RequestError where the metadata, or such a derivative, is not there.
    """
    catalogue = thumbnailing.catalogue
    metadata = read_metadata(catalogue, caller, metadata_identifier)
    recorded = list(catalogue.derived_from(metadata.identifier))
    existing = _existing(thumbnailing, metadata, recorded)
    if existing is not None and not existing.is_generated:
        return existing
    if existing is not None:
        source = _made_of(thumbnailing, metadata, existing)
    elif made_from is not None:
        source = thumbnailing.uploads.get(_first(recorded, made_from).file_identifier)
    else:
        source = _main_file(thumbnailing, metadata)
    identifier = _brought_about(thumbnailing, source)
    return catalogue.derivative(identifier) if identifier is not None else None


def _existing(
    thumbnailing: Thumbnailing, metadata: Metadata, recorded: Sequence[Derivative]
) -> Derivative | None:
    """The thumbnail that is recorded: the one submitted last, else one that was generated.

    The main file's own is looked up by its identifier, as it may be too new for the index.
    """
    thumbnails = [one for one in recorded if one.derivative_type is DerivativeType.THUMBNAIL_IMAGE]
    submitted = [one for one in thumbnails if not one.is_generated]
    if submitted:
        return submitted[-1]
    main = _main_file(thumbnailing, metadata)
    own = thumbnailing.catalogue.derivative(main.thumbnail_identifier or "") if main else None
    if own is not None and own.deleted_on is None:
        return own
    return thumbnails[0] if thumbnails else None


def _first(recorded: Sequence[Derivative], made_from: DerivativeType) -> Derivative:
    for derivative in recorded:
        if derivative.derivative_type is made_from and not derivative.is_generated:
            return derivative
    raise InvalidError(
        "source_derivative_not_found",
        "DerivedFromType not found for metadata",
        pointer="/data/attributes/derivedFromType",
    )


def _main_file(thumbnailing: Thumbnailing, metadata: Metadata) -> ObjectUpload | None:
    if metadata.file_identifier is None:
        return None
    return thumbnailing.uploads.get(metadata.file_identifier)


def _made_of(
    thumbnailing: Thumbnailing, metadata: Metadata, generated: Derivative
) -> ObjectUpload | None:
    if generated.generated_from_derivative is None:
        return _main_file(thumbnailing, metadata)
    derivative = thumbnailing.catalogue.derivative(generated.generated_from_derivative)
    return thumbnailing.uploads.get(derivative.file_identifier) if derivative else None


def _brought_about(thumbnailing: Thumbnailing, source: ObjectUpload | None) -> str | None:
    """The identifier of the source's thumbnail, which is there now; None where none can be."""
    if source is None or not source.is_readable:
        return None
    if not is_imageable(source.found.detected_media_type):
        return None
    if not _is_there(thumbnailing, source):
        identifier = source.thumbnail_identifier or new_identifier(thumbnailing.clock)
        if source.thumbnail_status is not ThumbnailStatus.PENDING:
            source = thumbnailing.uploads.replace(source, source.thumbnail_wanted(identifier))
    status = thumbnailing.make(source.file_identifier)
    return source.thumbnail_identifier if status is ThumbnailStatus.READY else None


def _is_there(thumbnailing: Thumbnailing, source: ObjectUpload) -> bool:
    if source.thumbnail_status is not ThumbnailStatus.READY:
        return False
    try:
        thumbnailing.objects.describe(source.thumbnail_key)
    except ObjectMissingError:
        return False
    return True
