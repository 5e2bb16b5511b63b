"""Changing and deleting metadata (reference, 1.0, 4.5 and 4.9).

A change is made to what is named and to nothing else; what follows from the file is taken from it
anew. Deleting leaves a tombstone, gives the claim back, and takes the derivatives along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from coffer.domain.buckets import bucket_key, parse_bucket
from coffer.domain.callers import Caller, Role
from coffer.domain.clock import Clock
from coffer.domain.constraints import ATTRIBUTES, violation
from coffer.domain.errors import InvalidError, Problem
from coffer.domain.metadata.create import described
from coffer.domain.metadata.ports import Catalogue, CatalogueReader
from coffer.domain.metadata.read import find_metadata, require_undeleted
from coffer.domain.metadata.record import Metadata
from coffer.domain.metadata.rules import check_vocabulary, wrong_attributes
from coffer.domain.transactions.actions import Replace
from coffer.domain.transactions.commit import (
    PlannedChange,
    Precondition,
    ValidationErrors,
    commit_change,
)
from coffer.domain.uploads.ports import UploadReader, Uploads

_EMPTY: Mapping[str, Any] = {"ac_tags": (), "managed_attributes": {}}
_NEVER_NULL = {"dc_type": "dcType", "publicly_releasable": "publiclyReleasable", "bucket": "bucket"}


def update_metadata(
    uploads: Uploads,
    catalogue: Catalogue,
    clock: Clock,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> Metadata:
    """Change what `changes` names (None clears); a RequestError says everything that is wrong."""
    return commit_change(
        catalogue,
        lambda: plan_change(uploads, catalogue, clock, caller, identifier, changes, precondition),
    )


def plan_change(
    uploads: UploadReader,
    catalogue: CatalogueReader,
    clock: Clock,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> PlannedChange[Metadata]:
    """The record as it will be, and the step that writes it."""
    before = find_metadata(catalogue, identifier)
    caller.require_role(Role.GUEST, before.bucket)
    require_undeleted(before)
    precondition.check(before.version)
    refusals = ValidationErrors()
    refusals.add([*_refused_nulls(changes), *_fixed(before, changes)])
    with refusals.collect():
        _check_move(caller, before, changes)
    after = _changed(uploads, before, changes)
    refusals.add(wrong_attributes(after))
    with refusals.collect():
        check_vocabulary(catalogue, after)
    refusals.raise_if_any()
    after = replace(
        after,
        xmp_metadata_date=clock.now(),
        changed_by=caller.username,
        version=before.version + 1,
    )
    return PlannedChange(after, (Replace(before, after),))


def _refused_nulls(changes: Mapping[str, Any]) -> list[Problem]:
    """What has a default when it is created, and must not be without a value afterwards."""
    return [
        violation(name, "must not be null")
        for field, name in _NEVER_NULL.items()
        if field in changes and changes[field] is None
    ]


def _fixed(before: Metadata, changes: Mapping[str, Any]) -> list[Problem]:
    """A record is about one file, or about something outside, for good."""
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


def _check_move(caller: Caller, before: Metadata, changes: Mapping[str, Any]) -> None:
    """A file stays in its bucket; something outside may move where the caller may describe."""
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
    caller.require_role(Role.GUEST, bucket)


def _changed(uploads: UploadReader, before: Metadata, changes: Mapping[str, Any]) -> Metadata:
    """The record with what it was given, and with what is known of its file."""
    given: dict[str, Any] = {
        field: _EMPTY.get(field) if value is None else value
        for field, value in changes.items()
        if not (field in _NEVER_NULL and value is None) and field != "file_identifier"
    }
    after = replace(before, **given)
    if before.file_identifier is None:
        return after
    upload = uploads.get(before.file_identifier)
    if upload is None:
        return replace(after, bucket=before.bucket, dc_format=before.dc_format)
    return described(after, upload)
