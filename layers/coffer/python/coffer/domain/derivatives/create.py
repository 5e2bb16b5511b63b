"""Create a derivative record, which claims the file that it describes.

The bucket of a derivative is that of its file, whatever the caller sends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.derivatives.ports import DerivativeReader, Derivatives, Source
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.derivatives.rules import attribute_problems, check_generated_from, find_source
from coffer.domain.derivatives.thumbnail_record import (
    plan_thumbnail_record,
    thumbnail_of_derivative,
)
from coffer.domain.errors import ConflictError, InvalidError
from coffer.domain.fields import ATTRIBUTES, violation
from coffer.domain.file_names import standardise
from coffer.domain.identifiers import paired_identifier
from coffer.domain.media_types import is_imageable
from coffer.domain.permissions.rights import DERIVATIVE, Permission, require_right
from coffer.domain.transactions.actions import Action, Add, Claim, DeriveFrom
from coffer.domain.transactions.commit import (
    PlannedChange,
    ReservedIdentifier,
    ValidationErrors,
    commit_change,
    identifier_of_new,
)
from coffer.domain.uploads.ports import UploadReader
from coffer.domain.uploads.record import HASH_FUNCTION, HashStatus, ObjectUpload, ThumbnailStatus


def create_derivative(
    uploads: UploadReader,
    catalogue: Derivatives[Source],
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
) -> Derivative:
    """Create a record of `given`, values by the attributes of `Derivative`, and return it.

    Returns the existing record if an earlier run of the request created one under the `reserved`
    identifier. Raises a `RequestError` with every problem.
    """
    return commit_change(
        catalogue, lambda: plan_new_derivative(uploads, catalogue, clock, caller, given, reserved)
    )


def plan_new_derivative(
    uploads: UploadReader,
    catalogue: DerivativeReader[Source],
    clock: Clock,
    caller: Caller,
    given: Mapping[str, Any],
    reserved: ReservedIdentifier | None = None,
    *,
    have_thumbnail: Collection[str] = (),
) -> PlannedChange[Derivative]:
    """Return the new record and the actions that write it and claim its file.

    `have_thumbnail` are identifiers of metadata that get a thumbnail from another entry of the
    same request.
    """
    existing = catalogue.derivative(reserved.identifier) if reserved else None
    if existing is not None:
        return PlannedChange(existing)
    errors = ValidationErrors(given)
    upload = source = bucket = dc_format = None
    with errors.collect():
        upload = _derivative_upload(uploads, given.get("file_identifier"))
    if upload is not None:
        bucket, dc_format = upload.bucket, upload.content.evaluated_media_type
        require_right(caller, DERIVATIVE, Permission.CREATE, group=bucket)
        with errors.collect():
            _check_unclaimed(upload)
    with errors.collect():
        source = find_source(catalogue, caller, given.get("ac_derived_from"), bucket)
    with errors.collect():
        check_generated_from(catalogue, given.get("generated_from_derivative"), bucket)
    missing = [] if given.get("dc_type") else [violation("dcType", "must not be null")]
    errors.add([*missing, *attribute_problems(given, given.get("dc_format") or dc_format)])
    errors.raise_if_any()
    if upload is None or source is None:
        raise ValueError("the errors of a missing upload or source were not raised")
    identifier = identifier_of_new(clock, given, reserved, catalogue.derivative)
    derivative = _new_record(clock, caller, given, upload, identifier)
    needs_thumbnail = source.identifier not in have_thumbnail and _needs_thumbnail(
        uploads, catalogue, derivative, upload, source
    )
    if needs_thumbnail:
        actions = _actions_with_thumbnail(catalogue, derivative, upload, source)
    else:
        actions = (Add(derivative), _claim(derivative))
    return PlannedChange(derivative, (*actions, *entry_in_source(derivative, source)))


def entry_in_source(derivative: Derivative, source: Source) -> tuple[DeriveFrom, ...]:
    """Return the action that enters a derivative in its source; only external resources move."""
    if source.file_identifier is not None:
        return ()
    entry = DeriveFrom(
        metadata_identifier=source.identifier,
        bucket=derivative.bucket,
        derivative=derivative.identifier,
    )
    return (entry,)


def file_name_of(given: str | None, upload: ObjectUpload) -> str:
    """Return the name of a derivative: the given one, that of the upload, or its identifier."""
    extension = upload.content.evaluated_file_extension
    return standardise(given or upload.original_filename or f"{upload.file_identifier}{extension}")


def _derivative_upload(uploads: UploadReader, file_identifier: str | None) -> ObjectUpload:
    """Return the upload of a derivative; raise `InvalidError` if it does not exist."""
    pointer = f"{ATTRIBUTES}/fileIdentifier"
    if file_identifier is None:
        raise InvalidError("file_required", "fileIdentifier should be provided", pointer=pointer)
    upload = uploads.get(file_identifier)
    if upload is None or not upload.is_readable:
        raise InvalidError(
            "upload_not_found",
            f"Upload with fileIdentifier:{file_identifier} not found",
            pointer=pointer,
        )
    if not upload.is_derivative:
        raise InvalidError(
            "upload_is_no_derivative",
            f"Upload with fileIdentifier:{file_identifier} is not a derivative",
            pointer=pointer,
        )
    return upload


def _check_unclaimed(upload: ObjectUpload) -> None:
    if upload.claimed_by is not None:
        raise ConflictError(
            "file_already_described",
            f"The file {upload.file_identifier} has a derivative record already.",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )


def _new_record(
    clock: Clock, caller: Caller, given: Mapping[str, Any], upload: ObjectUpload, identifier: str
) -> Derivative:
    """Return a record with the given values, and with the attributes of its file."""
    content = upload.content
    is_hashed = content.hash_status is HashStatus.AVAILABLE
    values: dict[str, Any] = {
        "publicly_releasable": False,
        "dc_format": content.evaluated_media_type,
    }
    values |= {attribute: value for attribute, value in given.items() if value is not None}
    values |= {
        "bucket": upload.bucket,
        "filename": file_name_of(given.get("filename"), upload),
        "file_extension": content.evaluated_file_extension,
        "ac_hash_function": HASH_FUNCTION if is_hashed else None,
        "ac_hash_value": content.sha1_hex if is_hashed else None,
    }
    return Derivative(
        identifier=identifier,
        object_key=str(upload.object_key),
        created_by=caller.username,
        created_on=clock.now(),
        **values,
    )


def _claim(derivative: Derivative) -> Claim:
    return Claim(file_identifier=derivative.file_identifier, claimant=derivative.instance_id)


def _actions_with_thumbnail(
    catalogue: DerivativeReader[Source],
    derivative: Derivative,
    upload: ObjectUpload,
    source: Source,
) -> tuple[Action, ...]:
    """Return the actions that write the record, claim its file and plan a thumbnail of it."""
    identifier = upload.thumbnail_identifier or paired_identifier(upload.file_identifier)
    claim = replace(
        _claim(derivative),
        plans_thumbnail=True,
        new_thumbnail_identifier=None if upload.thumbnail_identifier else identifier,
    )
    thumbnail = thumbnail_of_derivative(
        derivative, source, replace(upload, thumbnail_identifier=identifier)
    )
    return (Add(derivative), plan_thumbnail_record(catalogue, thumbnail), claim)


def _needs_thumbnail(
    uploads: UploadReader,
    catalogue: DerivativeReader[Source],
    derivative: Derivative,
    upload: ObjectUpload,
    source: Source,
) -> bool:
    """True if the source has no thumbnail and one can be made of the derivative's file."""
    if derivative.derivative_type is DerivativeType.THUMBNAIL_IMAGE:
        return False
    if upload.thumbnail_status is ThumbnailStatus.FAILED:
        return False
    if not is_imageable(upload.content.detected_media_type):
        return False
    main = uploads.get(source.file_identifier) if source.file_identifier else None
    if main is not None and main.thumbnail_status is ThumbnailStatus.READY:
        return False
    # A thumbnail of the main file may be PENDING and fail later. Any other exists or is planned.
    thumbnail_of_main = main.thumbnail_identifier if main else None
    return not any(
        other.derivative_type is DerivativeType.THUMBNAIL_IMAGE
        and other.identifier != thumbnail_of_main
        for other in catalogue.derived_from(source.identifier)
    )
