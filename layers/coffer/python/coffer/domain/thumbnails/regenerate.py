"""Request the thumbnail of one record again (object-store-api 1.31: derivative-generation).

Used for files without a thumbnail of their own, such as camera raw, that have a large image; and
for thumbnails that were lost, or that failed for a reason that is gone. Sending a request twice
makes the same thumbnail once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.derivatives.thumbnail_record import (
    plan_thumbnail_record,
    thumbnail_of_derivative,
    thumbnail_of_upload,
)
from coffer.domain.downloads.ports import ObjectDownloads
from coffer.domain.errors import InvalidError, ObjectMissingError, RecordChangedError
from coffer.domain.fields import ATTRIBUTES
from coffer.domain.identifiers import paired_identifier
from coffer.domain.media_types import is_imageable
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.read import find_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.permissions.rights import DERIVATIVE_GENERATION, Permission, require_right
from coffer.domain.transactions.commit import (
    MAX_ATTEMPTS,
    PlannedChange,
    commit_change,
    records_busy,
)
from coffer.domain.transactions.read import require_undeleted
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus


@dataclass(frozen=True, kw_only=True)
class GenerationRequest:
    """The request for a derivative of a record's file.

    With `derived_from_type`, it is made from the first derivative of that type.
    """

    metadata_uuid: str
    derivative_type: DerivativeType
    derived_from_type: DerivativeType | None = None


@dataclass(frozen=True)
class _SourceFile:
    """The file that a thumbnail is made from, and its derivative record if it has one."""

    upload: ObjectUpload
    derivative: Derivative | None = None


@dataclass(frozen=True, kw_only=True)
class ThumbnailRegeneration:
    """Dependencies of requesting thumbnails again."""

    uploads: Uploads
    catalogue: Catalogue
    store: ObjectDownloads
    clock: Clock


def regenerate_thumbnail(
    ports: ThumbnailRegeneration, caller: Caller, wanted: GenerationRequest
) -> Derivative:
    """Return the record of the thumbnail; its file exists or is being made.

    Raises `InvalidError` if the request is not for a thumbnail, if its source does not exist, or if
    no thumbnail can be made of the source's media type.
    """
    require_right(caller, DERIVATIVE_GENERATION, Permission.CREATE)
    if wanted.derivative_type is not DerivativeType.THUMBNAIL_IMAGE:
        raise InvalidError(
            "only_thumbnails",
            "DerivativeType can only be THUMBNAIL_IMAGE",
            pointer=f"{ATTRIBUTES}/derivativeType",
        )
    metadata = find_metadata(ports.catalogue, wanted.metadata_uuid)
    require_undeleted(metadata)
    existing = _existing_thumbnail(ports, metadata)
    if existing is None:
        source = _find_source(ports, metadata, wanted)
    elif not existing.is_generated:
        return existing  # A caller uploaded its file, which is deleted with the record only.
    else:
        source = _source_of(ports, metadata, existing)
        if _is_stored(ports, source.upload):
            return existing
    return _request(ports, caller, metadata, source)


def _existing_thumbnail(ports: ThumbnailRegeneration, metadata: Metadata) -> Derivative | None:
    """Return the record of the last uploaded thumbnail, otherwise of a generated one.

    The thumbnail of the main file is read by its identifier, because the index may lack it yet.
    """
    thumbnails = [
        one
        for one in ports.catalogue.derived_from(metadata.identifier)
        if one.derivative_type is DerivativeType.THUMBNAIL_IMAGE
    ]
    uploaded = [one for one in thumbnails if not one.is_generated]
    if uploaded:
        return uploaded[-1]
    main = ports.uploads.get(metadata.file_identifier) if metadata.file_identifier else None
    identifier = main.thumbnail_identifier if main else None
    generated = ports.catalogue.derivative(identifier) if identifier else None
    if generated is not None and generated.deleted_on is None:
        return generated
    return next(iter(thumbnails), None)


def _source_of(
    ports: ThumbnailRegeneration, metadata: Metadata, thumbnail: Derivative
) -> _SourceFile:
    """Return the file that a generated thumbnail was made from."""
    identifier = thumbnail.generated_from_derivative
    derivative = ports.catalogue.derivative(identifier) if identifier else None
    return _derivative_file(ports, derivative) if derivative else _main_file(ports, metadata)


def _find_source(
    ports: ThumbnailRegeneration, metadata: Metadata, wanted: GenerationRequest
) -> _SourceFile:
    """Return the file that the request names."""
    if wanted.derived_from_type is None:
        return _main_file(ports, metadata)
    for derivative in ports.catalogue.derived_from(metadata.identifier):
        if derivative.derivative_type is wanted.derived_from_type:
            return _derivative_file(ports, derivative)
    raise InvalidError(
        "source_derivative_not_found",
        "DerivedFromType not found for metadata",
        pointer=f"{ATTRIBUTES}/derivedFromType",
    )


def _main_file(ports: ThumbnailRegeneration, metadata: Metadata) -> _SourceFile:
    upload = ports.uploads.get(metadata.file_identifier) if metadata.file_identifier else None
    if upload is None or not upload.is_readable:
        raise _file_not_found("The metadata describes no stored file.", "metadataUuid")
    return _SourceFile(upload)


def _derivative_file(ports: ThumbnailRegeneration, derivative: Derivative) -> _SourceFile:
    upload = ports.uploads.get(derivative.file_identifier)
    if upload is None or not upload.is_readable:
        raise _file_not_found("The derivative has no stored file.", "derivedFromType")
    return _SourceFile(upload, derivative)


def _is_stored(ports: ThumbnailRegeneration, upload: ObjectUpload) -> bool:
    if upload.thumbnail_status is not ThumbnailStatus.READY:
        return False
    try:
        return ports.store.describe(upload.thumbnail_key).size_bytes > 0
    except ObjectMissingError:
        return False


def _request(
    ports: ThumbnailRegeneration, caller: Caller, metadata: Metadata, source: _SourceFile
) -> Derivative:
    """Write the record of the thumbnail, then set the thumbnail of the upload to PENDING.

    In this order, so that a failure finds the record to remove. If the function dies in between,
    the next request finds a record without a file and continues.
    """
    for _ in range(MAX_ATTEMPTS):
        requested = _with_requested_thumbnail(caller, source.upload)
        thumbnail = _write_record(ports.catalogue, _thumbnail(metadata, source, requested))
        try:
            ports.uploads.replace(source.upload, requested)
        except RecordChangedError:
            source = _read_again(ports, source, thumbnail)
            continue
        return thumbnail
    raise records_busy()


def _with_requested_thumbnail(caller: Caller, upload: ObjectUpload) -> ObjectUpload:
    if not is_imageable(upload.content.detected_media_type):
        raise InvalidError(
            "thumbnail_unsupported",
            f"No thumbnails are made of {upload.content.detected_media_type}.",
        )
    identifier = upload.thumbnail_identifier or paired_identifier(upload.file_identifier)
    requested = upload.thumbnail_requested(identifier)
    return replace(requested, thumbnail_failure=None, changed_by=caller.username)


def _write_record(catalogue: Catalogue, thumbnail: Derivative) -> Derivative:
    """Write the record of the thumbnail if it does not exist, and return the stored one."""

    def plan() -> PlannedChange[Derivative]:
        before = catalogue.derivative(thumbnail.identifier)
        if before is not None and before.deleted_on is None:
            return PlannedChange(before)
        return PlannedChange(thumbnail, (plan_thumbnail_record(catalogue, thumbnail),))

    return commit_change(catalogue, plan)


def _read_again(
    ports: ThumbnailRegeneration, source: _SourceFile, thumbnail: Derivative
) -> _SourceFile:
    """Return the source after another request wrote its upload.

    Removes the record of the thumbnail if the upload has another thumbnail now.
    """
    current = ports.uploads.get(source.upload.file_identifier)
    if current is None or current.thumbnail_identifier != thumbnail.identifier:
        ports.catalogue.remove_thumbnail(thumbnail.identifier, ports.clock.now())
    if current is None or not current.is_readable:
        raise _file_not_found("The file was deleted.", "metadataUuid")
    return replace(source, upload=current)


def _thumbnail(metadata: Metadata, source: _SourceFile, upload: ObjectUpload) -> Derivative:
    if source.derivative is not None:
        return thumbnail_of_derivative(source.derivative, metadata, upload)
    thumbnail = thumbnail_of_upload(metadata, upload)
    if thumbnail is None:
        raise ValueError("a requested thumbnail has an identifier")
    return thumbnail


def _file_not_found(detail: str, attribute: str) -> InvalidError:
    return InvalidError("source_file_not_found", detail, pointer=f"{ATTRIBUTES}/{attribute}")
