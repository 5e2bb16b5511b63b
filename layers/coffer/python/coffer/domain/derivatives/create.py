"""Deriving: the records of files that were made from others (reference, 4.9).

A derivative's bucket is its upload's, whatever the caller says, and only then the caller is asked
for a role in it; what it was made from must be readable by the caller and in the same bucket.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.constraints import ATTRIBUTES, violation, wrong_length, wrong_tags
from coffer.domain.derivatives.delete import release_claim
from coffer.domain.derivatives.ports import DerivativeReader, Source
from coffer.domain.derivatives.read import find_derivative_record, require_undeleted
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.derivatives.thumbnail_record import (
    plan_thumbnail_record,
    thumbnail_of_derivative,
    tombstone_of,
)
from coffer.domain.errors import ConflictError, InvalidError, Problem
from coffer.domain.file_names import standardise
from coffer.domain.identifiers import new_identifier
from coffer.domain.media_types import DcType, base_type, is_imageable
from coffer.domain.transactions.actions import Action, Add, Claim, Replace
from coffer.domain.transactions.commit import (
    PlannedChange,
    Precondition,
    ReservedIdentifier,
    ValidationErrors,
)
from coffer.domain.uploads.ports import UploadReader
from coffer.domain.uploads.record import HASH_FUNCTION, HashStatus, ObjectUpload, ThumbnailStatus

RELATIONSHIPS = "/data/relationships"
LENGTHS = (
    ("filename", "filename", 255),
    ("dc_format", "dcFormat", 150),
    ("source_set", "sourceSet", 50),
    ("not_publicly_releasable_reason", "notPubliclyReleasableReason", 1000),
)
"""Attribute, name in the document, longest (characters)."""
_NEVER_NULL = {"dc_type": "dcType", "publicly_releasable": "publiclyReleasable"}


@dataclass(frozen=True, kw_only=True)
class NewDerivative:
    """What a caller sent of a file made from another; None where an attribute was not given."""

    file_identifier: str | None = None
    filename: str | None = None
    dc_type: DcType | None = None
    dc_format: str | None = None
    derivative_type: DerivativeType | None = None
    publicly_releasable: bool | None = None
    not_publicly_releasable_reason: str | None = None
    ac_tags: tuple[str, ...] = ()
    source_set: str | None = None
    ac_derived_from: str | None = None
    generated_from_derivative: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deriving:
    """What the plans of derivatives read. Each raises a RequestError with all that is wrong."""

    uploads: UploadReader
    catalogue: DerivativeReader[Source]
    clock: Clock

    def plan(
        self,
        caller: Caller,
        new: NewDerivative,
        reserved: ReservedIdentifier | None = None,
        *,
        served: Collection[str] = (),
    ) -> PlannedChange[Derivative]:
        """The record of `new`, and the steps that write it and claim its file.

        With a `reserved` identifier, a record that an earlier run made under it is what this one
        made. Metadata in `served` gets a thumbnail otherwise, in the same transaction.
        """
        made = self.catalogue.derivative(reserved.identifier) if reserved else None
        if made is not None:
            return PlannedChange(made)
        refusals = ValidationErrors()
        upload = source = bucket = None
        with refusals.collect():
            upload = self._file(new.file_identifier)
        if upload is not None:
            bucket = upload.bucket
            caller.require_role(Role.GUEST, bucket)
            with refusals.collect():
                _check_unclaimed(upload)
        with refusals.collect():
            source = self._source(caller, new.ac_derived_from, bucket)
        with refusals.collect():
            self._check_generated_from(new.generated_from_derivative, bucket)
        refusals.add([*_missing(new), *_wrong_attributes(new, new.dc_format or _format(upload))])
        refusals.raise_if_any()
        if upload is None or source is None:
            raise ValueError("a refusal was not told")
        identifier = reserved.identifier if reserved else new_identifier(self.clock)
        derivative = self._record(caller, new, upload, source, identifier)
        return PlannedChange(derivative, self._actions(derivative, upload, source, served))

    def plan_change(
        self,
        caller: Caller,
        identifier: str,
        changes: Mapping[str, Any],
        precondition: Precondition,
    ) -> PlannedChange[Derivative]:
        """The record with what `changes` names (None clears), and the step that writes it."""
        before = find_derivative_record(self.catalogue, identifier)
        caller.require_role(Role.GUEST, before.bucket)
        require_undeleted(before)
        precondition.check(before.version)
        refusals = ValidationErrors()
        refusals.add([*_refused_nulls(changes), *_fixed(before, changes)])
        if "ac_derived_from" in changes:
            with refusals.collect():
                self._source(caller, changes["ac_derived_from"], before.bucket)
        if "generated_from_derivative" in changes:
            with refusals.collect():
                source = changes["generated_from_derivative"]
                if source == identifier:
                    raise _made_from_itself(identifier)
                self._check_generated_from(source, before.bucket)
        after = self._changed(before, changes)
        refusals.add([*_wrong_attributes(after, after.dc_format)])
        refusals.raise_if_any()
        after = replace(after, changed_by=caller.username, version=before.version + 1)
        return PlannedChange(after, (Replace(before, after),))

    def plan_deletion(
        self, caller: Caller, identifier: str, precondition: Precondition
    ) -> PlannedChange[Derivative]:
        """The tombstone, and the steps that write it; the file stays, unclaimed."""
        before = find_derivative_record(self.catalogue, identifier)
        caller.require_role(Role.USER, before.bucket)
        require_undeleted(before)
        precondition.check(before.version)
        now = self.clock.now()
        after = tombstone_of(before, caller.username, now)
        actions: list[Action] = [Replace(before, after), *release_claim(before, now)]
        thumbnail = self._thumbnail_of(before)
        if thumbnail is not None:
            actions.append(Replace(thumbnail, tombstone_of(thumbnail, caller.username, now)))
        return PlannedChange(after, tuple(actions))

    def _thumbnail_of(self, derivative: Derivative) -> Derivative | None:
        """The record of the thumbnail that was made of a derivative, if one was."""
        upload = self.uploads.get(derivative.file_identifier)
        if upload is None or upload.thumbnail_identifier is None:
            return None
        thumbnail = self.catalogue.derivative(upload.thumbnail_identifier)
        return thumbnail if thumbnail and thumbnail.deleted_on is None else None

    def _file(self, file_identifier: str | None) -> ObjectUpload:
        where = f"{ATTRIBUTES}/fileIdentifier"
        if file_identifier is None:
            raise InvalidError("file_required", "fileIdentifier should be provided", pointer=where)
        upload = self.uploads.get(file_identifier)
        if upload is None or not upload.is_readable:
            raise InvalidError(
                "upload_not_found",
                f"Upload with fileIdentifier:{file_identifier} not found",
                pointer=where,
            )
        if not upload.is_derivative:
            raise InvalidError(
                "upload_is_no_derivative",
                f"Upload with fileIdentifier:{file_identifier} is not a derivative",
                pointer=where,
            )
        return upload

    def _source(self, caller: Caller, identifier: str | None, bucket: str | None) -> Source:
        """The metadata of what it was made from; of `bucket`, where that is known."""
        where = f"{RELATIONSHIPS}/acDerivedFrom"
        if identifier is None:
            raise InvalidError("source_required", "acDerivedFrom should be provided", pointer=where)
        source = self.catalogue.metadata(identifier)
        if source is None or source.deleted_on is not None:
            raise InvalidError(
                "source_not_found", f"metadata with id {identifier} not found", pointer=where
            )
        if not source.publicly_releasable:
            caller.require_role(Role.READ_ONLY, source.bucket)
        if bucket is not None and bucket_key(source.bucket) != bucket_key(bucket):
            raise _foreign_source(where)
        return source

    def _check_generated_from(self, identifier: str | None, bucket: str | None) -> None:
        if identifier is None:
            return
        where = f"{RELATIONSHIPS}/generatedFromDerivative"
        source = self.catalogue.derivative(identifier)
        if source is None or source.deleted_on is not None:
            raise InvalidError(
                "source_not_found", f"derivative with id {identifier} not found", pointer=where
            )
        if bucket is not None and bucket_key(source.bucket) != bucket_key(bucket):
            raise _foreign_source(where)

    def _record(
        self,
        caller: Caller,
        new: NewDerivative,
        upload: ObjectUpload,
        source: Source,
        identifier: str,
    ) -> Derivative:
        found = upload.content
        is_hashed = found.hash_status is HashStatus.AVAILABLE
        return Derivative(
            identifier=identifier,
            bucket=upload.bucket,
            file_identifier=upload.file_identifier,
            object_key=str(upload.object_key),
            file_extension=found.evaluated_file_extension,
            filename=_filename(new.filename, upload),
            dc_type=new.dc_type or DcType.UNDETERMINED,
            dc_format=new.dc_format or found.evaluated_media_type,
            derivative_type=new.derivative_type,
            ac_derived_from=source.identifier,
            generated_from_derivative=new.generated_from_derivative,
            publicly_releasable=bool(new.publicly_releasable),
            not_publicly_releasable_reason=new.not_publicly_releasable_reason,
            ac_tags=new.ac_tags,
            source_set=new.source_set,
            ac_hash_function=HASH_FUNCTION if is_hashed else None,
            ac_hash_value=found.sha1_hex if is_hashed else None,
            created_by=caller.username,
            created_on=self.clock.now(),
        )

    def _actions(
        self,
        derivative: Derivative,
        upload: ObjectUpload,
        source: Source,
        served: Collection[str],
    ) -> tuple[Action, ...]:
        """Write the record and claim its file; and promise a thumbnail where there is none yet."""
        claim = Claim(file_identifier=upload.file_identifier, claimant=derivative.instance_id)
        wants = source.identifier not in served and self._wants_thumbnail(
            derivative, upload, source
        )
        if not wants:
            return (Add(derivative), claim)
        identifier = upload.thumbnail_identifier or new_identifier(self.clock)
        claim = replace(
            claim,
            promises_thumbnail=True,
            wants_thumbnail=None if upload.thumbnail_identifier else identifier,
        )
        thumbnail = thumbnail_of_derivative(
            derivative, source, replace(upload, thumbnail_identifier=identifier)
        )
        return (Add(derivative), plan_thumbnail_record(self.catalogue, thumbnail), claim)

    def _wants_thumbnail(
        self, derivative: Derivative, upload: ObjectUpload, source: Source
    ) -> bool:
        """Whether what it was made from has no thumbnail yet, and one can be made of this."""
        if derivative.derivative_type is DerivativeType.THUMBNAIL_IMAGE:
            return False
        if upload.thumbnail_status is ThumbnailStatus.FAILED:
            return False
        if not is_imageable(upload.content.detected_media_type):
            return False
        main = self.uploads.get(source.file_identifier) if source.file_identifier else None
        if main is not None and main.thumbnail_status is ThumbnailStatus.READY:
            return False
        # One that is still made of the main file may fail; any other is there or on its way.
        made_of_main = main.thumbnail_identifier if main else None
        return not any(
            other.derivative_type is DerivativeType.THUMBNAIL_IMAGE
            and other.identifier != made_of_main
            for other in self.catalogue.derived_from(source.identifier)
        )

    def _changed(self, before: Derivative, changes: Mapping[str, Any]) -> Derivative:
        given: dict[str, Any] = {
            field: () if field == "ac_tags" and value is None else value
            for field, value in changes.items()
            if field not in _FIXED and not (field in _NEEDED and value is None)
        }
        after = replace(before, **given)
        if before.is_generated:
            return after
        upload = self.uploads.get(before.file_identifier)
        if upload is None or upload.inspected_content is None:
            return after
        return replace(
            after,
            filename=_filename(after.filename, upload),
            file_extension=upload.content.evaluated_file_extension,
            dc_format=after.dc_format or upload.content.evaluated_media_type,
        )


_FIXED = ("bucket", "file_identifier")
_NEEDED = (*_NEVER_NULL, "ac_derived_from")


def _check_unclaimed(upload: ObjectUpload) -> None:
    if upload.claimed_by is not None:
        raise ConflictError(
            "file_already_described",
            f"The file {upload.file_identifier} has a derivative record already.",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )


def _made_from_itself(identifier: str) -> InvalidError:
    return InvalidError(
        "source_not_found",
        f"derivative {identifier} cannot have been made from itself",
        pointer=f"{RELATIONSHIPS}/generatedFromDerivative",
    )


def _foreign_source(where: str) -> InvalidError:
    return InvalidError(
        "source_of_another_bucket",
        "A derivative and what it was made from belong to the same bucket.",
        pointer=where,
    )


def _filename(given: str | None, upload: ObjectUpload) -> str:
    """The name of a derivative: what it was given, else the upload's, else its identifier."""
    extension = upload.content.evaluated_file_extension
    return standardise(given or upload.original_filename or f"{upload.file_identifier}{extension}")


def _format(upload: ObjectUpload | None) -> str | None:
    return upload.content.evaluated_media_type if upload else None


def _missing(new: NewDerivative) -> Iterator[Problem]:
    if new.dc_type is None:
        yield violation("dcType", "must not be null")


def _refused_nulls(changes: Mapping[str, Any]) -> Iterator[Problem]:
    for field, name in _NEVER_NULL.items():
        if field in changes and changes[field] is None:
            yield violation(name, "must not be null")


def _fixed(before: Derivative, changes: Mapping[str, Any]) -> Iterator[Problem]:
    """A derivative stays with its file, and in the file's bucket."""
    bucket = changes.get("bucket")
    if bucket is not None and bucket_key(bucket) != bucket_key(before.bucket):
        yield Problem(
            "bucket_is_fixed",
            "The record of a file stays in the file's bucket.",
            pointer=f"{ATTRIBUTES}/bucket",
        )
    if changes.get("file_identifier", before.file_identifier) != before.file_identifier:
        yield Problem(
            "file_is_fixed",
            "A record stays with its file: describe another file with another record.",
            pointer=f"{ATTRIBUTES}/fileIdentifier",
        )


def _wrong_attributes(
    record: NewDerivative | Derivative, dc_format: str | None
) -> Iterator[Problem]:
    for attribute, name, longest in LENGTHS:
        yield from wrong_length(name, getattr(record, attribute), longest)
    yield from wrong_tags(record.ac_tags)
    if record.derivative_type is DerivativeType.THUMBNAIL_IMAGE and dc_format is not None:
        yield from _wrong_thumbnail(dc_format)


def _wrong_thumbnail(dc_format: str) -> Iterator[Problem]:
    where = f"{ATTRIBUTES}/dcFormat"
    if not dc_format.strip():
        yield Problem(
            "thumbnail_without_format",
            "A thumbnail can not be submitted without a valid DC Format.",
            pointer=where,
        )
    elif base_type(dc_format) != "image/jpeg":
        yield Problem(
            "thumbnail_is_no_jpeg",
            "Thumbnails must be a jpeg and have the media type image/jpeg.",
            pointer=where,
        )
