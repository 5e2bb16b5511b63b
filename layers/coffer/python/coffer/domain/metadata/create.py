"""Create a metadata record, which claims the file that it describes (docs/architecture.md).

The checks run in the order of object-store-api 1.31: file, defaults, vocabulary, limits. Their
problems are reported together. The transaction decides uniqueness: if two callers describe the same
file at once, one of them gets a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coffer.domain.buckets import bucket_key, is_bucket, parse_bucket
from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.thumbnail_record import plan_thumbnail_record, thumbnail_of_upload
from coffer.domain.errors import ConflictError, InvalidError
from coffer.domain.fields import ATTRIBUTES
from coffer.domain.file_names import standardise
from coffer.domain.media_types import dc_type_of
from coffer.domain.metadata.ports import Catalogue, CatalogueReader
from coffer.domain.metadata.record import Metadata, default_release
from coffer.domain.metadata.rules import attribute_problems, check_subject, check_vocabulary
from coffer.domain.permissions.rights import METADATA, Permission, require_right
from coffer.domain.transactions.actions import Action, Add, Claim
from coffer.domain.transactions.commit import (
    PlannedChange,
    ReservedIdentifier,
    ValidationErrors,
    commit_change,
    identifier_of_new,
)
from coffer.domain.uploads.ports import UploadReader, Uploads
from coffer.domain.uploads.record import HASH_FUNCTION, HashStatus, ObjectUpload

NO_DEFAULTS: Mapping[str, str] = {}


def create_metadata(
    uploads: Uploads,
    catalogue: Catalogue,
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
    defaults: Mapping[str, str] = NO_DEFAULTS,
) -> Metadata:
    """Create a record of `given`, values by the attributes of `Metadata`, and return it.

    `defaults` has the values of rights that are not given, by their attributes.

    Returns the existing record if an earlier run of the request created one under the `reserved`
    identifier. Raises a `RequestError` with every problem.
    """
    return commit_change(
        catalogue,
        lambda: plan_new_metadata(uploads, catalogue, clock, caller, given, reserved, defaults),
    )


def plan_new_metadata(
    uploads: UploadReader,
    catalogue: CatalogueReader,
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
    defaults: Mapping[str, str] = NO_DEFAULTS,
) -> PlannedChange[Metadata]:
    """Return the new record and the actions that write it."""
    existing = catalogue.metadata(reserved.identifier) if reserved else None
    if existing is not None:
        return PlannedChange(existing)
    bucket, file_identifier = given.get("bucket"), given.get("file_identifier")
    errors = ValidationErrors(given)
    if not errors.has_malformed("bucket", "fileIdentifier", "resourceExternalURL"):
        with errors.collect():
            check_subject(bucket, file_identifier, given.get("resource_external_url"))
    if bucket:
        with errors.collect():
            parse_bucket(bucket, pointer=f"{ATTRIBUTES}/bucket")
        if is_bucket(bucket):
            require_right(caller, METADATA, Permission.CREATE, group=bucket)
    upload = None
    if bucket and file_identifier and not errors:
        with errors.collect():
            upload = _unclaimed_upload(uploads, file_identifier, bucket)
    identifier = identifier_of_new(clock, given, reserved, catalogue.metadata)
    metadata = _new_record(clock, caller, {**defaults, **_present(given)}, upload, identifier)
    errors.add(attribute_problems(metadata))
    with errors.collect():
        check_vocabulary(catalogue, metadata, errors)
    errors.raise_if_any()
    return PlannedChange(metadata, _actions(catalogue, metadata, upload))


def with_file_attributes(metadata: Metadata, upload: ObjectUpload) -> Metadata:
    """Return the record with the attributes that its file determines, whatever a caller sent."""
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


def _actions(
    catalogue: CatalogueReader, metadata: Metadata, upload: ObjectUpload | None
) -> tuple[Action, ...]:
    """Return the actions that write the record, claim its upload and plan its thumbnail."""
    if upload is None:
        return (Add(metadata),)
    thumbnail = thumbnail_of_upload(metadata, upload)
    claim = Claim(
        file_identifier=upload.file_identifier,
        claimant=metadata.instance_id,
        plans_thumbnail=thumbnail is not None,
    )
    planned = (plan_thumbnail_record(catalogue, thumbnail),) if thumbnail else ()
    return (Add(metadata), *planned, claim)


def _unclaimed_upload(uploads: UploadReader, file_identifier: str, bucket: str) -> ObjectUpload:
    """Return the upload to describe; raise a `RequestError` if it cannot be described."""
    upload = uploads.get(file_identifier)
    if upload is None or not upload.is_readable or upload.is_derivative:
        raise InvalidError(
            "upload_not_found",
            f"object-upload with fileIdentifier not found: {file_identifier}",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )
    if bucket_key(upload.bucket) != bucket_key(bucket):
        raise InvalidError(
            "bucket_is_not_the_files",
            "The bucket of the metadata must be the bucket that the file was uploaded to.",
            pointer=f"{ATTRIBUTES}/bucket",
        )
    if upload.claimed_by is not None:
        raise ConflictError(
            "file_already_described",
            f"The file {file_identifier} has a metadata record already.",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )
    return upload


def _present(given: Mapping[str, Any]) -> dict[str, Any]:
    return {attribute: value for attribute, value in given.items() if value is not None}


def _new_record(
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    upload: ObjectUpload | None,
    identifier: str,
) -> Metadata:
    """Return a record with the given values and the attributes of the file."""
    values: dict[str, Any] = {"bucket": "", "dc_format": "", **given}
    dc_format = upload.content.evaluated_media_type if upload else values["dc_format"]
    dc_type = values.setdefault("dc_type", dc_type_of(dc_format))
    if "publicly_releasable" not in values:
        values["publicly_releasable"], reason = default_release(dc_type)
        values.setdefault("not_publicly_releasable_reason", reason)
    now = clock.now()
    metadata = Metadata(
        identifier=identifier,
        created_by=caller.username,
        created_on=now,
        xmp_metadata_date=now,
        **values,
    )
    return with_file_attributes(metadata, upload) if upload else metadata
