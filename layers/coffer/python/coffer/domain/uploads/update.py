"""Correct the record of an upload: what inspection found and what the uploader declared.

Only administrators may do so (as in object-store-api 1.31).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.errors import Problem, RecordChangedError
from coffer.domain.fields import limit_problems, missing_problems, violation
from coffer.domain.file_names import standardise
from coffer.domain.permissions.rights import Permission
from coffer.domain.transactions.commit import (
    MAX_ATTEMPTS,
    Precondition,
    ValidationErrors,
    records_busy,
)
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.read import read_upload_to_change
from coffer.domain.uploads.record import ObjectUpload

_CONTENT = "inspected_content."


def update_upload(
    uploads: Uploads,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> ObjectUpload:
    """Change the attributes in `changes` and return the new record; None clears an attribute."""
    for _ in range(MAX_ATTEMPTS):
        before = read_upload_to_change(uploads, caller, Permission.UPDATE, identifier, precondition)
        errors = ValidationErrors(changes)
        errors.add([*_problems(before, changes)])
        errors.raise_if_any()
        after = _corrected(before, changes)
        if after == before:
            return before
        after = replace(after, changed_by=caller.username, version=before.version + 1)
        with suppress(RecordChangedError):
            return uploads.replace(before, after)
    raise records_busy()


def _corrected(before: ObjectUpload, changes: Mapping[str, Any]) -> ObjectUpload:
    """Return the record with the changes. A cleared extension is empty."""
    values = {name: value for name, value in changes.items() if not name.startswith(_CONTENT)}
    if "original_filename" in values:
        values["original_filename"] = standardise(values["original_filename"] or "")
    content: dict[str, Any] = {
        name.removeprefix(_CONTENT): value or ""
        for name, value in changes.items()
        if name.startswith(_CONTENT)
    }
    if content:
        values["inspected_content"] = replace(before.content, **content)
    return replace(before, **values)


def _problems(before: ObjectUpload, changes: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems of changes to an upload."""
    for field in OBJECT_UPLOAD_FIELDS.writable:
        value = changes.get(field.attribute)
        is_of_content = field.attribute.startswith(_CONTENT)
        if field.attribute in changes and is_of_content and before.inspected_content is None:
            yield violation(field.name, "is not known, because the file was refused")
        elif "extension" in field.attribute and value and not value.startswith("."):
            yield violation(field.name, "begins with a dot")
        else:
            yield from limit_problems([field], changes)
            yield from missing_problems([field], changes)
