"""Cataloguing: describing a file with metadata, which claims it (flow 4 of the architecture).

The reference's sequence (object-store-api 1.31, metadata create): file rules, defaults,
vocabulary, constraints, business rules, insert. All problems are told at once; uniqueness is the
transaction's, so of two simultaneous callers one gets the record and the other a conflict.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from coffer.domain.buckets import bucket_key, parse_bucket
from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.derivative import generated_thumbnail
from coffer.domain.errors import ConflictError, GoneError, InvalidError, NotFoundError
from coffer.domain.file_names import standardise
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import dc_type_of
from coffer.domain.metadata import (
    DEFAULTS,
    HASH_FUNCTION,
    Metadata,
    NewMetadata,
    default_release,
)
from coffer.domain.metadata_rules import (
    ATTRIBUTES,
    check_subject,
    check_vocabulary,
    wrong_attributes,
)
from coffer.domain.object_upload import HashStatus, ObjectUpload
from coffer.domain.ports import Catalogue, CatalogueReader, UploadReader, Uploads
from coffer.domain.steps import Add, Claim, Step, instance_of
from coffer.domain.thumbnail_records import promise
from coffer.domain.writing import Planned, Refusals, Reserved, write


def create_metadata(
    uploads: Uploads,
    catalogue: Catalogue,
    clock: Clock,
    caller: Caller,
    new: NewMetadata,
    reserved: Reserved | None = None,
) -> Metadata:
    """Describe a file, or something outside; a RequestError says everything that is wrong.

    With a `reserved` identifier, a record that an earlier run made under it is what this one made.
    """
    return write(catalogue, lambda: plan_metadata(uploads, catalogue, clock, caller, new, reserved))


def plan_metadata(
    uploads: UploadReader,
    catalogue: CatalogueReader,
    clock: Clock,
    caller: Caller,
    new: NewMetadata,
    reserved: Reserved | None = None,
) -> Planned[Metadata]:
    """The record of `new`, and the steps that write it."""
    made = catalogue.metadata(reserved.identifier) if reserved else None
    if made is not None:
        return Planned(made)
    refusals = Refusals()
    with refusals.gathered():
        check_subject(new.bucket, new.file_identifier, new.resource_external_url)
    if new.bucket:
        caller.require_role(Role.GUEST, parse_bucket(new.bucket, pointer=f"{ATTRIBUTES}/bucket"))
    upload = None
    if not refusals:
        with refusals.gathered():
            upload = _subject(uploads, new)
    identifier = reserved.identifier if reserved else new_identifier(clock)
    metadata = _with_defaults(clock, caller, new, upload, identifier)
    refusals.add(wrong_attributes(metadata))
    with refusals.gathered():
        check_vocabulary(catalogue, metadata)
    refusals.tell()
    return Planned(metadata, _steps(catalogue, metadata, upload))


def _steps(
    catalogue: CatalogueReader, metadata: Metadata, upload: ObjectUpload | None
) -> tuple[Step, ...]:
    """Write the record, claim its upload, and write the record of the thumbnail it will have."""
    if upload is None:
        return (Add(metadata),)
    thumbnail = generated_thumbnail(metadata, upload)
    claim = Claim(
        file_identifier=upload.file_identifier,
        claimant=instance_of(metadata),
        promises_thumbnail=thumbnail is not None,
    )
    promised = (promise(catalogue, thumbnail),) if thumbnail else ()
    return (Add(metadata), *promised, claim)


def read_metadata(catalogue: CatalogueReader, caller: Caller, identifier: str) -> Metadata:
    """The record, if the caller may read it."""
    metadata = find_metadata(catalogue, identifier)
    if not metadata.publicly_releasable:
        caller.require_role(Role.READ_ONLY, metadata.bucket)
    require_undeleted(metadata)
    return metadata


def find_metadata(catalogue: CatalogueReader, identifier: str) -> Metadata:
    """The record, tombstones included; raises NotFoundError where there is none."""
    metadata = catalogue.metadata(identifier)
    if metadata is None:
        raise metadata_not_found(identifier)
    return metadata


def metadata_not_found(identifier: str) -> NotFoundError:
    """There is no such record."""
    return NotFoundError("metadata_not_found", f"There is no metadata with the id {identifier}.")


def require_undeleted(metadata: Metadata) -> None:
    """Raise GoneError where the record is a tombstone."""
    if metadata.deleted_on is not None:
        raise GoneError(
            "metadata_deleted",
            f"The metadata {metadata.identifier} was deleted; its audit tells by whom and when.",
            about=instance_of(metadata),
        )


def described(metadata: Metadata, upload: ObjectUpload) -> Metadata:
    """The record with what is known of its file; the client cannot say otherwise."""
    if upload.found.hash_status is HashStatus.AVAILABLE:
        metadata = replace(
            metadata, ac_hash_function=HASH_FUNCTION, ac_hash_value=upload.found.sha1_hex
        )
    return replace(
        metadata,
        bucket=upload.bucket,
        dc_format=upload.found.evaluated_media_type,
        original_filename=upload.original_filename,
        filename=standardise(metadata.filename or upload.original_filename),
        file_extension=upload.found.evaluated_file_extension,
    )


def _subject(uploads: UploadReader, new: NewMetadata) -> ObjectUpload | None:
    """The upload that is to be described; None for an external resource."""
    if new.file_identifier is None:
        return None
    upload = uploads.get(new.file_identifier)
    if upload is None or not upload.is_readable or upload.is_derivative:
        raise InvalidError(
            "upload_not_found",
            f"object-upload with fileIdentifier not found: {new.file_identifier}",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )
    if bucket_key(upload.bucket) != bucket_key(new.bucket or ""):
        raise InvalidError(
            "bucket_is_not_the_files",
            "The bucket of the metadata must be the bucket that the file was uploaded to.",
            pointer=f"{ATTRIBUTES}/bucket",
        )
    if upload.claimed_by is not None:
        raise ConflictError(
            "file_already_described",
            f"The file {new.file_identifier} has a metadata record already.",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )
    return upload


def _with_defaults(
    clock: Clock, caller: Caller, new: NewMetadata, upload: ObjectUpload | None, identifier: str
) -> Metadata:
    dc_format = upload.found.evaluated_media_type if upload else (new.dc_format or "")
    dc_type = new.dc_type or dc_type_of(dc_format)
    releasable, reason = new.publicly_releasable, new.not_publicly_releasable_reason
    if releasable is None:
        releasable, default_reason = default_release(dc_type)
        reason = reason or default_reason
    rights: dict[str, Any] = {
        name: getattr(new, name) or default for name, default in DEFAULTS.items()
    }
    now = clock.now()
    given: dict[str, Any] = {
        name.name: getattr(new, name.name)
        for name in fields(new)
        if name.name not in _DERIVED and name.name not in rights
    }
    metadata = Metadata(
        identifier=identifier,
        created_by=caller.username,
        created_on=now,
        xmp_metadata_date=now,
        dc_type=dc_type,
        dc_format=dc_format,
        publicly_releasable=releasable,
        not_publicly_releasable_reason=reason,
        **rights,
        **given,
    )
    return described(metadata, upload) if upload else metadata


_DERIVED = frozenset(
    {"dc_format", "dc_type", "publicly_releasable", "not_publicly_releasable_reason"}
)
