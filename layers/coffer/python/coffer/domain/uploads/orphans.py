"""Orphans: files that nobody described for too long are removed, if the installation wants that.

An orphan is an upload that neither metadata nor a derivative has claimed, unclaimed for strictly
longer than the configured age (the reference counted from the upload; here a claim that was given
back starts the age anew). Claimed or not is decided by the very write that makes the tombstone: it
succeeds only on the record as it was read, so an upload that is claimed at that moment survives.

The sweep reads the sparse index of unclaimed uploads, older than the age only: it costs what there
is to remove, whatever there is in the store, and young uploads crowd nothing out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from coffer.domain.clock import Clock, to_text
from coffer.domain.errors import RecordChangedError
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Awaiting, ObjectUpload
from coffer.domain.uploads.removal import Removal

ORPHAN_REMOVAL = "System Generated (orphan removal)"
"""Who deletes orphans, in tombstones, the audit and events."""


class Fate(StrEnum):
    """What became of one upload that the index named."""

    REMOVED = "removed"
    LISTED = "listed"
    SPARED = "spared"
    """Claimed, deleted or claimed and given back since the index was read."""
    FAILED = "failed"


@dataclass(frozen=True)
class Found:
    """One upload that the index named, and what became of it."""

    file_identifier: str
    fate: Fate
    upload: ObjectUpload | None = None
    problem: Exception | None = None


@dataclass(frozen=True, kw_only=True)
class OrphanRemoval:
    """The parts of the world that a sweep takes. `most` bounds how many uploads a run looks at."""

    uploads: Uploads
    removal: Removal
    clock: Clock
    most: int = 10_000

    def sweep(
        self,
        age: timedelta,
        *,
        dry_run: bool = False,
        time_is_up: Callable[[], bool] = lambda: False,
    ) -> Iterator[Found]:
        """Remove what has been unclaimed for longer than `age`; with `dry_run` only name it.

        Ends at the bound, or when the time is up: the next run goes on with what is left. One
        upload that cannot be removed keeps no other waiting.
        """
        before = self.clock.now() - age
        for identifier in islice(self.uploads.awaiting(Awaiting.CLAIM, before), self.most):
            if time_is_up():
                return
            yield self._look_at(identifier, before, dry_run=dry_run)

    def _look_at(self, identifier: str, before: datetime, *, dry_run: bool) -> Found:
        upload = None
        try:
            upload = self.uploads.get(identifier)
            if upload is None or not _is_orphan(upload, before):
                return Found(identifier, Fate.SPARED)
            if dry_run:
                return Found(identifier, Fate.LISTED, upload)
            tombstone = self.removal.bury(upload, ORPHAN_REMOVAL)
            self.removal.finish(tombstone)
        except RecordChangedError:
            return Found(identifier, Fate.SPARED)
        except Exception as error:
            error.add_note(f"upload {identifier}")
            return Found(identifier, Fate.FAILED, upload, error)
        return Found(identifier, Fate.REMOVED, upload)


def _is_orphan(upload: ObjectUpload, before: datetime) -> bool:
    return (
        upload.awaiting is Awaiting.CLAIM
        and upload.claimed_by is None
        and upload.deleted_on is None
        and upload.awaiting_since is not None
        and upload.awaiting_since < before
    )


def describe_orphan(upload: ObjectUpload) -> dict[str, object]:
    """What a dry run says of an orphan, and an event of one that was removed."""
    return {
        "fileIdentifier": upload.file_identifier,
        "bucket": upload.bucket,
        "originalFilename": upload.original_filename,
        "createdBy": upload.created_by,
        "createdOn": to_text(upload.created_on),
        "sizeInBytes": upload.inspected_content.size_in_bytes if upload.inspected_content else None,
    }
