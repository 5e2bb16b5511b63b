"""Cataloguing: describing a file with metadata, which claims it (flow 4 of the architecture).

The reference's sequence (object-store-api 1.31, metadata create): file rules, defaults,
vocabulary, constraints, business rules, insert. All problems are told at once; uniqueness is the
transaction's, so of two simultaneous callers one gets the record and the other a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from coffer.domain.buckets import bucket_key, parse_bucket
from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.derivative import generated_thumbnail
from coffer.domain.errors import (
    ConflictError,
    GoneError,
    InvalidError,
    MalformedRequestError,
    NotFoundError,
    Problem,
    RecordChangedError,
    RecordExistsError,
)
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
from coffer.domain.object_upload import HashStatus, ObjectUpload, ThumbnailStatus
from coffer.domain.ports import Catalogue, Uploads

_ATTRIBUTES = "/data/attributes"


def create_metadata(
    uploads: Uploads, catalogue: Catalogue, clock: Clock, caller: Caller, new: NewMetadata
) -> Metadata:
    """Describe a file, or something outside; a RequestError says everything that is wrong."""
    _check_subject(new)
    bucket = parse_bucket(new.bucket or "", pointer=f"{_ATTRIBUTES}/bucket")
    caller.require_role(Role.GUEST, bucket)
    upload = _subject(uploads, new)
    metadata = _with_defaults(clock, caller, new, upload)
    _check_subtype(new)
    _check_rules(metadata)
    try:
        _add(uploads, catalogue, new, metadata, upload)
    except RecordExistsError as error:
        raise ConflictError(
            "file_already_described",
            f"The file {metadata.file_identifier} has a metadata record already.",
            pointer=f"{_ATTRIBUTES}/fileIdentifier",
        ) from error
    except RecordChangedError as error:
        raise _no_such_upload(new) from error
    return metadata


def _add(
    uploads: Uploads,
    catalogue: Catalogue,
    new: NewMetadata,
    metadata: Metadata,
    upload: ObjectUpload | None,
) -> None:
    """Write the record; with it that of its thumbnail, unless this failed in the meantime."""
    thumbnail = generated_thumbnail(metadata, upload) if upload else None
    try:
        catalogue.add_metadata(metadata, thumbnail)
    except RecordChangedError:
        current = _subject(uploads, new)
        if current is None or current.thumbnail_status is not ThumbnailStatus.FAILED:
            raise
        catalogue.add_metadata(metadata, None)


def read_metadata(catalogue: Catalogue, caller: Caller, identifier: str) -> Metadata:
    """The record, if the caller may read it."""
    metadata = catalogue.metadata(identifier)
    if metadata is None:
        raise NotFoundError("metadata_not_found", f"There is no metadata with the id {identifier}.")
    if not metadata.publicly_releasable:
        caller.require_role(Role.READ_ONLY, metadata.bucket)
    if metadata.deleted_on is not None:
        raise GoneError(
            "metadata_deleted",
            f"The metadata {identifier} was deleted; its audit tells by whom and when.",
            about=f"metadata/{identifier}",
        )
    return metadata


def _check_subject(new: NewMetadata) -> None:
    """Exactly one of a stored file and an external resource, and a bucket for either."""
    if new.resource_external_url and new.file_identifier:
        raise InvalidError(
            "file_and_external_resource",
            "If a file is provided, an external resource cannot be defined as well.",
            pointer=f"{_ATTRIBUTES}/resourceExternalURL",
        )
    if new.resource_external_url and new.bucket:
        return
    missing = [
        Problem(
            "file_and_bucket_required",
            "fileIdentifier and bucket should be provided",
            pointer=f"{_ATTRIBUTES}/{name}",
        )
        for name, value in (("bucket", new.bucket), ("fileIdentifier", new.file_identifier))
        if not value and not (name == "fileIdentifier" and new.resource_external_url)
    ]
    if missing:
        raise InvalidError.of(missing)


def _subject(uploads: Uploads, new: NewMetadata) -> ObjectUpload | None:
    """The upload that is to be described; None for an external resource."""
    if new.file_identifier is None:
        return None
    upload = uploads.get(new.file_identifier)
    if upload is None or not upload.is_readable or upload.is_derivative:
        raise _no_such_upload(new)
    if bucket_key(upload.bucket) != bucket_key(new.bucket or ""):
        raise InvalidError(
            "bucket_is_not_the_files",
            "The bucket of the metadata must be the bucket that the file was uploaded to.",
            pointer=f"{_ATTRIBUTES}/bucket",
        )
    return upload


def _no_such_upload(new: NewMetadata) -> InvalidError:
    return InvalidError(
        "upload_not_found",
        f"object-upload with fileIdentifier not found: {new.file_identifier}",
        pointer=f"{_ATTRIBUTES}/fileIdentifier",
    )


def _with_defaults(
    clock: Clock, caller: Caller, new: NewMetadata, upload: ObjectUpload | None
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
        identifier=new_identifier(clock),
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
    return _describe(metadata, upload) if upload else metadata


_DERIVED = frozenset(
    {"dc_format", "dc_type", "publicly_releasable", "not_publicly_releasable_reason"}
)


def _describe(metadata: Metadata, upload: ObjectUpload) -> Metadata:
    """The record with what is known of its file; the client cannot say otherwise."""
    if upload.found.hash_status is HashStatus.AVAILABLE:
        metadata = replace(
            metadata, ac_hash_function=HASH_FUNCTION, ac_hash_value=upload.found.sha1_hex
        )
    return replace(
        metadata,
        bucket=upload.bucket,
        original_filename=upload.original_filename,
        filename=standardise(metadata.filename or upload.original_filename),
        file_extension=upload.found.evaluated_file_extension,
    )


def _check_subtype(new: NewMetadata) -> None:
    """Nothing can be put into the vocabulary yet, so whatever is named is unknown."""
    if new.ac_subtype:
        raise MalformedRequestError(
            "unknown_subtype",
            f"{new.ac_subtype[:50]} is not a valid acSubtype",
            pointer=f"{_ATTRIBUTES}/acSubtype",
        )


# attribute, name in the document, longest (characters), required
CONSTRAINTS = (
    ("resource_external_url", "resourceExternalURL", 255, False),
    ("filename", "filename", 255, False),
    ("dc_format", "dcFormat", 150, True),
    ("ac_caption", "acCaption", 250, False),
    ("xmp_rights_web_statement", "xmpRightsWebStatement", 250, True),
    ("dc_rights", "dcRights", 250, True),
    ("xmp_rights_owner", "xmpRightsOwner", 250, True),
    ("xmp_rights_usage_terms", "xmpRightsUsageTerms", 500, True),
    ("source_set", "sourceSet", 50, False),
    # The reference has no limit here; a record must fit one item of DynamoDB, 400 KB.
    ("not_publicly_releasable_reason", "notPubliclyReleasableReason", 1000, False),
)
MAX_TAGS, MAX_TAG_LENGTH = 100, 250


def _check_rules(metadata: Metadata) -> None:
    """Lengths, presence and the keys of managed attributes, all at once."""
    problems = [*_wrong_texts(metadata), *_wrong_tags(metadata.ac_tags)]
    if metadata.orientation is not None and not 1 <= metadata.orientation <= 8:
        problems.append(_violation("orientation", "must be between 1 and 8"))
    problems += [
        Problem(
            "unknown_managed_attribute",
            f'"{key[:50]}" unknown managed attribute key',
            pointer=f"{_ATTRIBUTES}/managedAttributes",
        )
        for key in metadata.managed_attributes
    ]
    if problems:
        raise InvalidError.of(problems)


def _wrong_texts(metadata: Metadata) -> Iterator[Problem]:
    for attribute, name, longest, required in CONSTRAINTS:
        value = getattr(metadata, attribute)
        if value and len(value) > longest:
            yield _violation(name, f"size must be between 0 and {longest}")
        elif required and not value:
            yield _violation(name, "must not be blank")


def _wrong_tags(tags: Sequence[str]) -> Iterator[Problem]:
    if len(tags) > MAX_TAGS:
        yield _violation("acTags", f"takes at most {MAX_TAGS} tags")
    if any(len(tag) > MAX_TAG_LENGTH for tag in tags):
        yield _violation("acTags", f"takes tags of at most {MAX_TAG_LENGTH} characters")


def _violation(name: str, rule: str) -> Problem:
    return Problem("constraint_violation", f"{name} {rule}", pointer=f"{_ATTRIBUTES}/{name}")
