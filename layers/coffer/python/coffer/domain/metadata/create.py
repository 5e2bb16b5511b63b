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
from coffer.domain.constraints import ATTRIBUTES
from coffer.domain.derivatives.thumbnail_record import generated_thumbnail, plan_thumbnail_record
from coffer.domain.errors import ConflictError, InvalidError
from coffer.domain.file_names import standardise
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import dc_type_of
from coffer.domain.metadata.ports import Catalogue, CatalogueReader
from coffer.domain.metadata.record import (
    DEFAULTS,
    Metadata,
    NewMetadata,
    default_release,
)
from coffer.domain.metadata.rules import check_subject, check_vocabulary, wrong_attributes
from coffer.domain.transactions.actions import Action, Add, Claim
from coffer.domain.transactions.commit import (
    PlannedChange,
    ReservedIdentifier,
    ValidationErrors,
    commit_change,
)
from coffer.domain.uploads.ports import UploadReader, Uploads
from coffer.domain.uploads.record import HASH_FUNCTION, HashStatus, ObjectUpload


def create_metadata(
    uploads: Uploads,
    catalogue: Catalogue,
    clock: Clock,
    caller: Caller,
    new: NewMetadata,
    reserved: ReservedIdentifier | None = None,
) -> Metadata:
    """Describe a file, or something outside; a RequestError says everything that is wrong.

    With a `reserved` identifier, a record that an earlier run made under it is what this one made.
    """
    return commit_change(
        catalogue, lambda: plan_metadata(uploads, catalogue, clock, caller, new, reserved)
    )


def plan_metadata(
    uploads: UploadReader,
    catalogue: CatalogueReader,
    clock: Clock,
    caller: Caller,
    new: NewMetadata,
    reserved: ReservedIdentifier | None = None,
) -> PlannedChange[Metadata]:
    """The record of `new`, and the steps that write it."""
    made = catalogue.metadata(reserved.identifier) if reserved else None
    if made is not None:
        return PlannedChange(made)
    refusals = ValidationErrors()
    with refusals.collect():
        check_subject(new.bucket, new.file_identifier, new.resource_external_url)
    if new.bucket:
        caller.require_role(Role.GUEST, parse_bucket(new.bucket, pointer=f"{ATTRIBUTES}/bucket"))
    upload = None
    if not refusals:
        with refusals.collect():
            upload = _subject(uploads, new)
    identifier = reserved.identifier if reserved else new_identifier(clock)
    metadata = _with_defaults(clock, caller, new, upload, identifier)
    refusals.add(wrong_attributes(metadata))
    with refusals.collect():
        check_vocabulary(catalogue, metadata)
    refusals.raise_if_any()
    return PlannedChange(metadata, _actions(catalogue, metadata, upload))


def _actions(
    catalogue: CatalogueReader, metadata: Metadata, upload: ObjectUpload | None
) -> tuple[Action, ...]:
    """Write the record, claim its upload, and write the record of the thumbnail it will have."""
    if upload is None:
        return (Add(metadata),)
    thumbnail = generated_thumbnail(metadata, upload)
    claim = Claim(
        file_identifier=upload.file_identifier,
        claimant=metadata.instance_id,
        promises_thumbnail=thumbnail is not None,
    )
    promised = (plan_thumbnail_record(catalogue, thumbnail),) if thumbnail else ()
    return (Add(metadata), *promised, claim)


def described(metadata: Metadata, upload: ObjectUpload) -> Metadata:
    """The record with what is known of its file; the client cannot say otherwise."""
    if upload.content.hash_status is HashStatus.AVAILABLE:
        metadata = replace(
            metadata, ac_hash_function=HASH_FUNCTION, ac_hash_value=upload.content.sha1_hex
        )
    return replace(
        metadata,
        bucket=upload.bucket,
        dc_format=upload.content.evaluated_media_type,
        original_filename=upload.original_filename,
        filename=standardise(metadata.filename or upload.original_filename),
        file_extension=upload.content.evaluated_file_extension,
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
    dc_format = upload.content.evaluated_media_type if upload else (new.dc_format or "")
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
