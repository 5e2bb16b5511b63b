"""Changing and deleting the record of an upload: the administrators' (reference, 1.2 and 3.3).

What was found out about a file can be corrected, and nothing else of it. A deleted upload leaves a
tombstone, then its bytes go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from coffer.domain.callers import Caller
from coffer.domain.constraints import violation, wrong_length
from coffer.domain.errors import (
    ConflictError,
    Problem,
    RecordChangedError,
    StoreError,
    UnavailableError,
)
from coffer.domain.file_names import MAX_EXTENSION_LENGTH, MAX_NAME_LENGTH, standardise
from coffer.domain.transactions.commit import (
    MAX_ATTEMPTS,
    Precondition,
    ValidationErrors,
    records_busy,
)
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.read import require_undeleted, upload_not_found
from coffer.domain.uploads.record import Content, ObjectUpload
from coffer.domain.uploads.removal import Removal

_MAX_TYPE = 150
_CONTENT = {
    "detected_media_type": ("detectedMediaType", _MAX_TYPE, True),
    "evaluated_media_type": ("evaluatedMediaType", _MAX_TYPE, True),
    "detected_file_extension": ("detectedFileExtension", MAX_EXTENSION_LENGTH, False),
    "evaluated_file_extension": ("evaluatedFileExtension", MAX_EXTENSION_LENGTH, False),
    "dc_type": ("dcType", 0, True),
}
"""What was found out: name in the document, longest (characters), whether it has to be there."""


@dataclass(frozen=True, kw_only=True)
class UploadChanges:
    """The parts of the world in which uploads are corrected and deleted."""

    uploads: Uploads

    def update(
        self,
        caller: Caller,
        identifier: str,
        changes: Mapping[str, Any],
        precondition: Precondition,
    ) -> ObjectUpload:
        """Correct what `changes` names; None clears."""
        for _ in range(MAX_ATTEMPTS):
            before = self._found(caller, identifier, precondition)
            refusals = ValidationErrors()
            refusals.add([*_wrong(before, changes)])
            refusals.raise_if_any()
            after = replace(
                _corrected(before, changes),
                changed_by=caller.username,
                version=before.version + 1,
            )
            try:
                return self.uploads.replace(before, after)
            except RecordChangedError:
                continue
        raise records_busy()

    def delete(
        self, removal: Removal, caller: Caller, identifier: str, precondition: Precondition
    ) -> None:
        """Delete an upload that no record describes: a tombstone stays, the bytes go.

        Where the store cannot be reached they go later, by housekeeping.
        """
        tombstone = self._buried(removal, caller, identifier, precondition)
        with suppress(StoreError, UnavailableError):
            removal.finish(tombstone)

    def _buried(
        self, removal: Removal, caller: Caller, identifier: str, precondition: Precondition
    ) -> ObjectUpload:
        for _ in range(MAX_ATTEMPTS):
            before = self._found(caller, identifier, precondition)
            if before.claimed_by is not None:
                raise ConflictError(
                    "upload_in_use",
                    f"The upload {identifier} is described by {before.claimed_by}: delete that "
                    "first.",
                )
            try:
                return removal.bury(before, caller.username)
            except RecordChangedError:
                continue
        raise records_busy()

    def _found(self, caller: Caller, identifier: str, precondition: Precondition) -> ObjectUpload:
        caller.require_admin()
        upload = self.uploads.get(identifier)
        if upload is None or not upload.is_visible:
            raise upload_not_found(identifier)
        require_undeleted(upload)
        precondition.check(upload.version)
        return upload


def _corrected(before: ObjectUpload, changes: Mapping[str, Any]) -> ObjectUpload:
    found = {field: value for field, value in changes.items() if field in _CONTENT}
    given = {field: value for field, value in changes.items() if field not in _CONTENT}
    if "original_filename" in given:
        given["original_filename"] = standardise(given["original_filename"] or "")
    if found:
        known: dict[str, Any] = {
            field: "" if value is None else value for field, value in found.items()
        }
        content: Content = replace(before.content, **known)
        given["inspected_content"] = content
    return replace(before, **given)


def _wrong(before: ObjectUpload, changes: Mapping[str, Any]) -> Iterator[Problem]:
    yield from wrong_length("originalFilename", changes.get("original_filename"), MAX_NAME_LENGTH)
    yield from wrong_length("receivedMediaType", changes.get("received_media_type"), _MAX_TYPE)
    for field in changes.keys() & _CONTENT.keys():
        name, longest, required = _CONTENT[field]
        value = changes[field]
        if before.inspected_content is None:
            yield violation(name, "is not known of a file that was refused")
        elif required and value is None:
            yield violation(name, "must not be blank")
        elif "extension" in field and value and not value.startswith("."):
            yield violation(name, "begins with a dot")
        elif longest:
            yield from wrong_length(name, value, longest)
