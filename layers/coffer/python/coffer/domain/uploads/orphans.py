"""Remove uploads that no metadata or derivative record has claimed for too long.

Used by `remove_orphans`, if the installation configured a schedule. An upload is an orphan if it
has been unclaimed for longer than the configured age. (The reference counts from the upload; here
the age starts again when a claim is released.) The write that makes the tombstone succeeds only on
the record as it was read, so an upload that is claimed at that moment survives.

The sweep reads the sparse index of unclaimed uploads older than the age. Its cost depends on the
number of orphans, not on the number of files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from coffer.domain.callers import ORPHAN_REMOVAL
from coffer.domain.clock import Clock, to_text
from coffer.domain.errors import RecordChangedError
from coffer.domain.uploads.delete import UploadDeletion
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Awaiting, ObjectUpload


class OrphanOutcome(StrEnum):
    """The result of the sweep for one upload."""

    REMOVED = "removed"
    LISTED = "listed"
    SPARED = "spared"
    """The upload was claimed, deleted, or claimed and released after the index was read."""
    FAILED = "failed"


@dataclass(frozen=True)
class SweptUpload:
    """One upload of the sweep and its result."""

    file_identifier: str
    outcome: OrphanOutcome
    upload: ObjectUpload | None = None
    error: Exception | None = None


@dataclass(frozen=True, kw_only=True)
class OrphanRemoval:
    """Dependencies and limit of the orphan sweep."""

    uploads: Uploads
    deletion: UploadDeletion
    clock: Clock
    max_uploads: int = 10_000

    def sweep(
        self,
        age: timedelta,
        *,
        dry_run: bool = False,
        time_is_up: Callable[[], bool] = lambda: False,
    ) -> Iterator[SweptUpload]:
        """Remove uploads that have been unclaimed for longer than `age`, or only list them.

        Stops after `max_uploads` or when the time is up; the next run continues. An upload that
        cannot be removed does not stop the sweep.
        """
        before = self.clock.now() - age
        for identifier in islice(self.uploads.awaiting(Awaiting.CLAIM, before), self.max_uploads):
            if time_is_up():
                return
            yield self._sweep_one(identifier, before, dry_run=dry_run)

    def _sweep_one(self, identifier: str, before: datetime, *, dry_run: bool) -> SweptUpload:
        upload = None
        try:
            upload = self.uploads.get(identifier)
            if upload is None or not _is_orphan(upload, before):
                return SweptUpload(identifier, OrphanOutcome.SPARED)
            if dry_run:
                return SweptUpload(identifier, OrphanOutcome.LISTED, upload)
            tombstone = self.deletion.mark_deleted(upload, ORPHAN_REMOVAL)
            self.deletion.remove_bytes(tombstone)
        except RecordChangedError:
            return SweptUpload(identifier, OrphanOutcome.SPARED)
        except Exception as error:
            error.add_note(f"upload {identifier}")
            return SweptUpload(identifier, OrphanOutcome.FAILED, upload, error)
        return SweptUpload(identifier, OrphanOutcome.REMOVED, upload)


def _is_orphan(upload: ObjectUpload, before: datetime) -> bool:
    return (
        upload.awaiting is Awaiting.CLAIM
        and upload.claimed_by is None
        and upload.deleted_on is None
        and upload.awaiting_since is not None
        and upload.awaiting_since < before
    )


def describe_orphan(upload: ObjectUpload) -> dict[str, object]:
    """Return the document of an orphan for dry runs and for the event of its removal."""
    content = upload.inspected_content
    return {
        "fileIdentifier": upload.file_identifier,
        "bucket": upload.bucket,
        "originalFilename": upload.original_filename,
        "createdBy": upload.created_by,
        "createdOn": to_text(upload.created_on),
        "sizeInBytes": content.size_in_bytes if content else None,
    }
