"""Find the bytes, name and media type of a download, and check that the caller may have them.

Members of an upload's group may download it as soon as it is AVAILABLE. All other authenticated
users (and anonymous callers, if the deployment allows public downloads) may once a publicly
releasable record describes it. For a derivative or a thumbnail, the records of its sources must be
publicly releasable, too. Name and type come from the record of the file, if there is one
(as in object-store-api 1.31).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.derivatives.release import readable_ids
from coffer.domain.errors import GoneError, NotFoundError, NotReadyError
from coffer.domain.file_names import base_name, download_name
from coffer.domain.identifiers import paired_identifier
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.read import describing_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.objects import StoredObject
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus

_SUFFIXES = {
    "THUMBNAIL_IMAGE": "thumbnail",
    "LARGE_IMAGE": "large",
    "CROPPED_IMAGE": "cropped",
    None: "derivative",
}


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that the caller may download."""

    object_key: str
    filename: str
    media_type: str
    stored: StoredObject | None = None
    """Size, ETag and date of the bytes, with which conditions hold after a redirect, too. None if
    the record does not have them: then the store is asked."""
    has_store_date: bool = True
    """False if the date is that of the record, because only the store knows its own."""
    detected_media_type: str | None = None
    """The type that was detected in the content; `media_type` may be what a user declared."""


def find_file(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, bucket: str, file_identifier: str
) -> Download:
    """Return the main file with this identifier, if it is in the bucket and may be read."""
    upload, metadata = _main_file(uploads, catalogue, caller, bucket, file_identifier)
    name = (metadata.filename if metadata else None) or upload.original_filename
    extension = upload.content.evaluated_file_extension
    return _upload_download(
        upload,
        filename=download_name(name, extension, file_identifier),
        media_type=metadata.dc_format if metadata else upload.content.evaluated_media_type,
    )


def find_thumbnail(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, bucket: str, file_identifier: str
) -> Download:
    """Return the thumbnail of the main file with this identifier, if the file may be read.

    A thumbnail that a user submitted is preferred to the one that Coffer generated from the file,
    and that to one generated from a derivative. No record needs to describe the file yet. If a
    record describes the generated one, its deletion and its `publiclyReleasable` count too.
    """
    upload, metadata = _main_file(uploads, catalogue, caller, bucket, file_identifier)
    name = (metadata.filename if metadata else None) or upload.original_filename
    derivatives = list(catalogue.derived_from(metadata.identifier)) if metadata else []
    thumbnails = [
        one for one in derivatives if one.derivative_type is DerivativeType.THUMBNAIL_IMAGE
    ]
    readable = readable_ids(catalogue, caller, thumbnails)
    thumbnails = [one for one in thumbnails if one.identifier in readable]
    for submitted in reversed(thumbnails):  # the newest one
        if not submitted.is_generated:
            return _thumbnail_download(submitted, name)
    if upload.thumbnail_status is not ThumbnailStatus.READY:
        for generated in thumbnails:
            source = _source_derivative(uploads, derivatives, generated)
            if source is not None and source.thumbnail_status is ThumbnailStatus.READY:
                return _thumbnail_download(generated, name)
    if metadata is not None:
        _check_withdrawn(catalogue, caller, upload)
    return _own_thumbnail(upload, name)


def _check_withdrawn(catalogue: Catalogue, caller: Caller, upload: ObjectUpload) -> None:
    """Raise unless the thumbnail's record, if there is one, shows the thumbnail to the caller."""
    record = catalogue.derivative(upload.thumbnail_identifier or "")
    if record is None or upload.thumbnail_status is ThumbnailStatus.FAILED:
        return  # the reason of the failure says more than 410
    if not readable_ids(catalogue, caller, [record]):
        caller.require_reader(record.bucket)
    if record.deleted_on is not None:
        raise _gone(record.instance_id, record.file_identifier)


def _source_derivative(
    uploads: Uploads, derivatives: Iterable[Derivative], generated: Derivative
) -> ObjectUpload | None:
    """Return the file of the derivative from which a thumbnail was generated, or None."""
    for derivative in derivatives:
        if derivative.identifier == generated.generated_from_derivative:
            upload = uploads.get(derivative.file_identifier)
            return upload if upload is not None and upload.is_readable else None
    return None


def _thumbnail_download(thumbnail: Derivative, name: str) -> Download:
    extension, identifier = thumbnail.file_extension, thumbnail.file_identifier
    return Download(
        object_key=thumbnail.object_key,
        filename=_name_after(name, "thumbnail", extension, identifier),
        media_type=thumbnail.dc_format,
    )


def _own_thumbnail(upload: ObjectUpload, name: str) -> Download:
    """Return the thumbnail that was generated from an upload."""
    _require_thumbnail(upload)
    identifier = str(upload.thumbnail_identifier)
    return Download(
        object_key=upload.thumbnail_key,
        filename=_name_after(name, "thumbnail", ".jpg", identifier),
        media_type="image/jpeg",
    )


def _main_file(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, bucket: str, file_identifier: str
) -> tuple[ObjectUpload, Metadata | None]:
    """Return a main file that the caller may read, and the record that describes it."""
    upload = uploads.get(file_identifier)
    if upload is None or not upload.is_visible or upload.is_derivative:
        raise _not_found(bucket, file_identifier)
    metadata = describing_metadata(catalogue, upload)
    if metadata is None or not metadata.publicly_releasable:
        caller.require_reader(upload.bucket)
    _require_stored(upload, bucket, file_identifier)
    return upload, metadata


def find_derivative(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, bucket: str, file_identifier: str
) -> Download:
    """Return the derivative file with this identifier: uploaded, or a generated thumbnail."""
    upload = uploads.get(file_identifier)
    if upload is None:
        return _generated_thumbnail(uploads, catalogue, caller, bucket, file_identifier)
    if not upload.is_visible or not upload.is_derivative:
        raise _not_found(bucket, file_identifier)
    record = _describing_derivative(catalogue, upload)
    if record is None or not readable_ids(catalogue, caller, [record]):
        caller.require_reader(upload.bucket)
    _require_stored(upload, bucket, file_identifier)
    extension = upload.content.evaluated_file_extension
    name = (record.filename if record else None) or upload.original_filename
    return _upload_download(
        upload,
        filename=download_name(name, extension, file_identifier),
        media_type=record.dc_format if record else upload.content.evaluated_media_type,
    )


def _describing_derivative(catalogue: Catalogue, upload: ObjectUpload) -> Derivative | None:
    """Return the derivative record that claims the upload, if one does."""
    kind, _, identifier = (upload.claimed_by or "").partition("/")
    return catalogue.derivative(identifier) if kind == "derivative" else None


def _generated_thumbnail(
    uploads: Uploads, catalogue: Catalogue, caller: Caller, bucket: str, file_identifier: str
) -> Download:
    derivative = catalogue.derivative(file_identifier)
    upload = uploads.get(paired_identifier(file_identifier))
    if upload is not None and upload.thumbnail_identifier == file_identifier:
        is_deleted = derivative is not None and derivative.deleted_on is not None
        if derivative is None or (is_deleted and upload.claimed_by is None):
            return _undescribed_thumbnail(upload, caller, bucket)
    if derivative is None or derivative.file_identifier != file_identifier:
        raise _not_found(bucket, file_identifier)
    if not readable_ids(catalogue, caller, [derivative]):
        caller.require_reader(derivative.bucket)
    if bucket_key(derivative.bucket) != bucket_key(bucket):
        raise _not_found(bucket, file_identifier)
    metadata = catalogue.metadata(derivative.ac_derived_from)
    source = _source_of(uploads, catalogue, derivative, metadata)
    if source is not None and source.thumbnail_status is ThumbnailStatus.FAILED:
        _require_thumbnail(source)  # its record was deleted; the reason says more than 410
    if derivative.deleted_on is not None:
        raise _gone(f"derivative/{derivative.identifier}", file_identifier)
    if source is None or source.deleted_on is not None:
        raise _not_found(bucket, file_identifier)
    _require_thumbnail(source)
    return Download(
        object_key=derivative.object_key,
        filename=_derivative_name(derivative, metadata),
        media_type=derivative.dc_format,
    )


def _undescribed_thumbnail(upload: ObjectUpload, caller: Caller, bucket: str) -> Download:
    """Return the thumbnail of a file without a record, or whose record was deleted."""
    if not upload.is_visible:
        raise _not_found(bucket, upload.file_identifier)
    caller.require_reader(upload.bucket)
    _require_stored(upload, bucket, upload.file_identifier)
    return _own_thumbnail(upload, upload.original_filename)


def _source_of(
    uploads: Uploads, catalogue: Catalogue, generated: Derivative, metadata: Metadata | None
) -> ObjectUpload | None:
    """Return the upload from which a thumbnail was generated: the main file or a derivative's."""
    if generated.generated_from_derivative is not None:
        derivative = catalogue.derivative(generated.generated_from_derivative)
        return uploads.get(derivative.file_identifier) if derivative else None
    if metadata is None or metadata.file_identifier is None:
        return None
    return uploads.get(metadata.file_identifier)


def _require_thumbnail(source: ObjectUpload) -> None:
    """Raise NotReadyError or NotFoundError unless the thumbnail of `source` is stored."""
    if source.thumbnail_status is ThumbnailStatus.READY:
        return
    if source.thumbnail_status is ThumbnailStatus.PENDING:
        raise NotReadyError(
            "thumbnail_pending", "The thumbnail is being created. Try again in a few seconds."
        )
    if source.thumbnail_status is ThumbnailStatus.FAILED:
        raise NotFoundError(
            "thumbnail_failed",
            f"No thumbnail could be created for the file {source.file_identifier}: "
            f"{source.thumbnail_failure}.",
        )
    raise NotFoundError(
        "thumbnail_unsupported",
        f"No thumbnails are created for {source.content.evaluated_media_type}, the type of the "
        f"file {source.file_identifier}.",
    )


def _require_stored(upload: ObjectUpload, bucket: str, file_identifier: str) -> None:
    if bucket_key(upload.bucket) != bucket_key(bucket):
        raise _not_found(bucket, file_identifier)
    if upload.deleted_on is not None:
        raise _gone(f"object-upload/{file_identifier}", file_identifier)
    if not upload.is_readable:
        reason = upload.rejection.detail if upload.rejection else "it was refused"
        raise NotFoundError("file_rejected", f"The file {file_identifier} is not kept: {reason}")


def _upload_download(upload: ObjectUpload, *, filename: str, media_type: str) -> Download:
    key, etag, stored = str(upload.object_key), upload.stored_etag, None
    # Old records lack the ETag or the date. A direct upload has no date of the store.
    is_direct = upload.source_etag is None
    if etag is not None and (is_direct or upload.stored_on is not None):
        stored = StoredObject(
            key=key,
            size_bytes=upload.content.size_in_bytes,
            etag=etag,
            last_modified=upload.stored_on or upload.created_on,
        )
    return Download(
        object_key=key,
        filename=filename,
        media_type=media_type,
        stored=stored,
        has_store_date=stored is None or upload.stored_on is not None,
        detected_media_type=upload.content.detected_media_type,
    )


def _derivative_name(derivative: Derivative, metadata: Metadata | None) -> str:
    source = (metadata.filename or metadata.original_filename or "") if metadata else ""
    suffix = _SUFFIXES[derivative.derivative_type]
    return _name_after(source, suffix, derivative.file_extension, derivative.file_identifier)


def _name_after(source: str, suffix: str, extension: str, identifier: str) -> str:
    """Return the name of a file made from `source`; its identifier if `source` has no base."""
    base = base_name(source)
    return f"{base}_{suffix}{extension}" if base else f"{identifier}{extension}"


def _not_found(bucket: str, file_identifier: str) -> NotFoundError:
    return NotFoundError("file_not_found", f"{file_identifier} or bucket: {bucket} not found")


def _gone(instance_id: str, file_identifier: str) -> GoneError:
    return GoneError(
        "file_deleted", f"The file {file_identifier} was deleted.", instance_id=instance_id
    )
