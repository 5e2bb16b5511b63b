"""Update a derivative record. Only the attributes in the request change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from coffer.domain.buckets import bucket_key
from coffer.domain.callers import Caller
from coffer.domain.derivatives.create import entry_in_source, file_name_of
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.ports import DerivativeReader, Derivatives, Source
from coffer.domain.derivatives.read import find_derivative
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.rules import attribute_problems, check_generated_from, find_source
from coffer.domain.errors import InvalidError, Problem
from coffer.domain.fields import ATTRIBUTES, RELATIONSHIPS, missing_problems
from coffer.domain.permissions.rights import DERIVATIVE, Permission, require_right
from coffer.domain.transactions.actions import Replace
from coffer.domain.transactions.commit import (
    PlannedChange,
    Precondition,
    ValidationErrors,
    commit_change,
)
from coffer.domain.transactions.read import require_undeleted
from coffer.domain.uploads.ports import UploadReader

_FIXED = ("bucket", "file_identifier")


def update_derivative(
    uploads: UploadReader,
    catalogue: Derivatives[Source],
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> Derivative:
    """Apply `changes`, values by the attributes of `Derivative`, and return the new record.

    None clears a value. Raises a `RequestError` with every problem.
    """
    return commit_change(
        catalogue,
        lambda: plan_derivative_update(
            uploads, catalogue, caller, identifier, changes, precondition
        ),
    )


def plan_derivative_update(
    uploads: UploadReader,
    catalogue: DerivativeReader[Source],
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> PlannedChange[Derivative]:
    """Return the changed record and the action that writes it."""
    before = find_derivative(catalogue, identifier)
    require_right(caller, DERIVATIVE, Permission.UPDATE, group=before.bucket)
    require_undeleted(before)
    precondition.check(before.version)
    errors, source = ValidationErrors(changes), None
    errors.add([*_missing_problems(changes), *_fixed_problems(before, changes)])
    if "ac_derived_from" in changes:
        with errors.collect():
            source = find_source(catalogue, caller, changes["ac_derived_from"], before.bucket)
    if "generated_from_derivative" in changes:
        with errors.collect():
            _check_not_itself(identifier, changes["generated_from_derivative"])
            check_generated_from(catalogue, changes["generated_from_derivative"], before.bucket)
    after = _changed(uploads, before, changes)
    errors.add([*attribute_problems(vars(after), after.dc_format)])
    errors.raise_if_any()
    if after == before:
        return PlannedChange(before, is_unchanged=True)
    after = replace(after, changed_by=caller.username, version=before.version + 1)
    entry = entry_in_source(after, source) if source else ()
    return PlannedChange(after, (Replace(before, after), *entry))


def _missing_problems(changes: Mapping[str, Any]) -> Iterator[Problem]:
    changeable = (one for one in DERIVATIVE_FIELDS.writable if one.attribute not in _FIXED)
    return missing_problems(changeable, changes)


def _fixed_problems(before: Derivative, changes: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems of changes that would give the record another file or bucket.

    A generated thumbnail keeps its sources too, so that it is never more visible than its file.
    """
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
    for one in DERIVATIVE_FIELDS.relationships if before.is_generated else ():
        source = getattr(before, one.attribute)
        if changes.get(one.attribute, source) != source:
            yield Problem(
                "constraint_violation",
                f"{one.name} cannot be changed: a generated thumbnail stays with the file that it "
                "was made from",
                pointer=f"{RELATIONSHIPS}/{one.name}",
            )


def _check_not_itself(identifier: str, source: str | None) -> None:
    if source == identifier:
        raise InvalidError(
            "source_not_found",
            f"derivative {identifier} cannot have been made from itself",
            pointer=f"{RELATIONSHIPS}/generatedFromDerivative",
        )


def _changed(uploads: UploadReader, before: Derivative, changes: Mapping[str, Any]) -> Derivative:
    """Return the record with the changes, and with the attributes of its file."""
    values = {
        name: value
        for name, value in DERIVATIVE_FIELDS.replacements(changes).items()
        if name not in _FIXED
    }
    upload = None if before.is_generated else uploads.get(before.file_identifier)
    content = upload.inspected_content if upload else None
    if "dc_format" in values and values["dc_format"] is None:
        values["dc_format"] = content.evaluated_media_type if content else before.dc_format
    after = replace(before, **values)
    if upload is None or content is None:
        return after
    return replace(
        after,
        filename=file_name_of(after.filename, upload),
        file_extension=content.evaluated_file_extension,
    )
