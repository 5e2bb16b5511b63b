"""Delete an upload by writing a tombstone, then removing the bytes.

The tombstone stays on the sparse index until the store holds nothing of the upload. Housekeeping
finishes a deletion that was interrupted, and no record refers to bytes that are gone.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import ConflictError, RecordChangedError, StoreError, UnavailableError
from coffer.domain.objects import Objects
from coffer.domain.permissions.rights import Permission
from coffer.domain.transactions.commit import MAX_ATTEMPTS, Precondition, records_busy
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.read import read_upload_to_change
from coffer.domain.uploads.record import Awaiting, ObjectUpload


@dataclass(frozen=True, kw_only=True)
class UploadDeletion:
    """Dependencies of deleting uploads."""

    uploads: Uploads
    objects: Objects
    clock: Clock

    def mark_deleted(self, upload: ObjectUpload, by: str) -> ObjectUpload:
        """Replace the record by a tombstone; the bytes stay.

        Raises RecordChangedError if the record was written after it was read, such as by a claim.
        """
        return self.uploads.replace(upload, upload.deleted(by, self.clock.now()))

    def remove_bytes(self, tombstone: ObjectUpload) -> None:
        """Remove the file and its generated thumbnail, then let the tombstone expire.

        Does nothing if the bytes were removed before.
        """
        if tombstone.awaiting is not Awaiting.REMOVAL:
            return
        if tombstone.object_key is not None:
            self.objects.remove(tombstone.object_key)
        if tombstone.thumbnail_identifier is not None:
            self.objects.remove(tombstone.thumbnail_key)
        # If the record changed, a concurrent run did the same.
        with suppress(RecordChangedError):
            self.uploads.replace(tombstone, tombstone.bytes_removed(self.clock.now()))


def delete_upload(
    deletion: UploadDeletion, caller: Caller, identifier: str, precondition: Precondition
) -> None:
    """Delete an upload that no record describes; raise ConflictError if one does.

    If the store is not available, housekeeping removes the bytes later.
    """
    tombstone = _tombstone(deletion, caller, identifier, precondition)
    with suppress(StoreError, UnavailableError):
        deletion.remove_bytes(tombstone)


def _tombstone(
    deletion: UploadDeletion, caller: Caller, identifier: str, precondition: Precondition
) -> ObjectUpload:
    for _ in range(MAX_ATTEMPTS):
        upload = read_upload_to_change(
            deletion.uploads, caller, Permission.DELETE, identifier, precondition
        )
        if upload.claimed_by is not None:
            raise ConflictError(
                "upload_in_use",
                f"The upload {identifier} is described by {upload.claimed_by}: delete that first.",
            )
        with suppress(RecordChangedError):
            return deletion.mark_deleted(upload, caller.username)
    raise records_busy()
