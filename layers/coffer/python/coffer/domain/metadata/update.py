"""Update a metadata record (as in object-store-api 1.31).

Only the attributes in the request change. Attributes that the file determines are read from it
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coffer.domain.buckets import bucket_key, parse_bucket
from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import ConflictError, InvalidError, Problem
from coffer.domain.fields import ATTRIBUTES, missing_problems
from coffer.domain.metadata.create import with_file_attributes
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.ports import Catalogue, CatalogueReader
from coffer.domain.metadata.read import find_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.metadata.rules import attribute_problems, check_vocabulary, required_fields
from coffer.domain.permissions.rights import METADATA, Permission, require_right
from coffer.domain.transactions.actions import Replace
from coffer.domain.transactions.commit import (
    PlannedChange,
    Precondition,
    ValidationErrors,
    commit_change,
)
from coffer.domain.transactions.read import require_undeleted
from coffer.domain.uploads.ports import UploadReader, Uploads


def update_metadata(
    uploads: Uploads,
    catalogue: Catalogue,
    clock: Clock,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> Metadata:
    """Apply `changes`, values by the attributes of `Metadata`, and return the new record.

    None clears a value. Raises a `RequestError` with every problem.
    """
    return commit_change(
        catalogue,
        lambda: plan_metadata_update(
            uploads, catalogue, clock, caller, identifier, changes, precondition
        ),
    )


def plan_metadata_update(
    uploads: UploadReader,
    catalogue: CatalogueReader,
    clock: Clock,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> PlannedChange[Metadata]:
    """Return the changed record and the action that writes it."""
    before = find_metadata(catalogue, identifier)
    require_right(caller, METADATA, Permission.UPDATE, group=before.bucket)
    require_undeleted(before)
    precondition.check(before.version)
    errors = ValidationErrors(changes)
    errors.add(
        [*missing_problems(required_fields(before), changes), *_subject_problems(before, changes)]
    )
    with errors.collect():
        _check_move(catalogue, caller, before, changes)
    after = _changed(uploads, before, changes)
    errors.add(attribute_problems(after))
    with errors.collect():
        check_vocabulary(catalogue, after, errors)
    errors.raise_if_any()
    if after == before:
        return PlannedChange(before, is_unchanged=True)
    after = replace(
        after,
        xmp_metadata_date=clock.now(),
        changed_by=caller.username,
        version=before.version + 1,
    )
    return PlannedChange(after, (Replace(before, after),))


def _subject_problems(before: Metadata, changes: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of changes that would give the record another file or resource."""
    problems = []
    file = changes.get("file_identifier", before.file_identifier)
    url = changes.get("resource_external_url", before.resource_external_url)
    if before.file_identifier is not None and url:
        problems.append(
            Problem(
                "file_and_external_resource",
                "If a file is provided, an external resource cannot be defined as well.",
                pointer=f"{ATTRIBUTES}/resourceExternalURL",
            )
        )
    if before.file_identifier is None and not url:
        problems.append(
            Problem(
                "file_or_external_resource_required",
                "A file or an external resource must be supplied to create an object.",
                pointer=f"{ATTRIBUTES}/resourceExternalURL",
            )
        )
    if file != before.file_identifier:
        problems.append(
            Problem(
                "file_is_fixed",
                "A record stays with its file: describe another file with another record.",
                pointer=f"{ATTRIBUTES}/fileIdentifier",
            )
        )
    return problems


def _check_move(
    catalogue: CatalogueReader, caller: Caller, before: Metadata, changes: Mapping[str, Any]
) -> None:
    """Raise a `RequestError` if the record may not move to the bucket in `changes`.

    Records of stored files never move. A move takes a record of an external resource away from its
    group. So the caller needs the right to delete it there, and the right to create records in the
    new group. A record with derivatives does not move, because they stay in the bucket of their
    files.
    """
    bucket = changes.get("bucket")
    if bucket is None or bucket_key(bucket) == bucket_key(before.bucket):
        return
    parse_bucket(bucket, pointer=f"{ATTRIBUTES}/bucket")
    if before.file_identifier is not None:
        raise InvalidError(
            "bucket_is_fixed",
            "The record of a file stays in the file's bucket.",
            pointer=f"{ATTRIBUTES}/bucket",
        )
    require_right(caller, METADATA, Permission.DELETE, group=before.bucket)
    require_right(caller, METADATA, Permission.CREATE, group=bucket)
    latest = catalogue.derivative(before.latest_derivative) if before.latest_derivative else None
    is_latest_there = (
        latest is not None
        and latest.deleted_on is None
        and latest.ac_derived_from == before.identifier
    )
    if is_latest_there or any(catalogue.derived_from(before.identifier)):
        raise ConflictError(
            "record_has_derivatives",
            f"The metadata {before.identifier} has derivatives, so it stays in the bucket "
            f"{before.bucket!r}. Delete its derivatives before you move it.",
            pointer=f"{ATTRIBUTES}/bucket",
        )


def _changed(uploads: UploadReader, before: Metadata, changes: Mapping[str, Any]) -> Metadata:
    """Return the record with the changes, and with the attributes of its file."""
    values = METADATA_FIELDS.replacements(changes)
    values.pop("file_identifier", None)
    after = replace(before, **values)
    if before.file_identifier is None:
        return after
    upload = uploads.get(before.file_identifier)
    if upload is None:
        return replace(
            after,
            bucket=before.bucket,
            dc_format=before.dc_format,
            file_extension=before.file_extension,
        )
    return with_file_attributes(after, upload)
