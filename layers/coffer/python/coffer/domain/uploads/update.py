"""Correct the record of an upload: what inspection found and what the uploader declared.

Only administrators may do so (reference, 1.2 and 3.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.constraints import violation, wrong_length
from coffer.domain.errors import Problem, RecordChangedError
from coffer.domain.file_names import MAX_EXTENSION_LENGTH, MAX_NAME_LENGTH, standardise
from coffer.domain.transactions.commit import (
    MAX_ATTEMPTS,
    Precondition,
    ValidationErrors,
    records_busy,
)
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.read import read_upload_to_change
from coffer.domain.uploads.record import ObjectUpload

_MAX_TYPE = 150
_CONTENT = {
    "detected_media_type": ("detectedMediaType", _MAX_TYPE, True),
    "evaluated_media_type": ("evaluatedMediaType", _MAX_TYPE, True),
    "detected_file_extension": ("detectedFileExtension", MAX_EXTENSION_LENGTH, False),
    "evaluated_file_extension": ("evaluatedFileExtension", MAX_EXTENSION_LENGTH, False),
    "dc_type": ("dcType", 0, True),
}
"""Attributes of the content: name in the document, maximum length, True if required."""


def update_upload(
    uploads: Uploads,
    caller: Caller,
    identifier: str,
    changes: Mapping[str, Any],
    precondition: Precondition,
) -> ObjectUpload:
    """Change the attributes in `changes` and return the new record; None clears an attribute."""
    for _ in range(MAX_ATTEMPTS):
        before = read_upload_to_change(uploads, caller, identifier, precondition)
        errors = ValidationErrors()
        errors.add([*_problems(before, changes)])
        errors.raise_if_any()
        after = replace(
            _corrected(before, changes), changed_by=caller.username, version=before.version + 1
        )
        with suppress(RecordChangedError):
            return uploads.replace(before, after)
    raise records_busy()


def _corrected(before: ObjectUpload, changes: Mapping[str, Any]) -> ObjectUpload:
    content: dict[str, Any] = {
        name: value or "" for name, value in changes.items() if name in _CONTENT
    }
    others = {name: value for name, value in changes.items() if name not in _CONTENT}
    if "original_filename" in others:
        others["original_filename"] = standardise(others["original_filename"] or "")
    if content:
        others["inspected_content"] = replace(before.content, **content)
    return replace(before, **others)


def _problems(before: ObjectUpload, changes: Mapping[str, Any]) -> Iterator[Problem]:
    yield from wrong_length("originalFilename", changes.get("original_filename"), MAX_NAME_LENGTH)
    yield from wrong_length("receivedMediaType", changes.get("received_media_type"), _MAX_TYPE)
    for field in changes.keys() & _CONTENT.keys():
        name, max_length, is_required = _CONTENT[field]
        value = changes[field]
        if before.inspected_content is None:
            yield violation(name, "is not known of a file that was refused")
        elif is_required and value is None:
            yield violation(name, "must not be blank")
        elif "extension" in field and value and not value.startswith("."):
            yield violation(name, "begins with a dot")
        elif max_length:
            yield from wrong_length(name, value, max_length)
