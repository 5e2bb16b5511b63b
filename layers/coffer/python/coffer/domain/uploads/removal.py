"""Removing an upload for good: first its record becomes a tombstone, then its bytes go.

In this order, and the tombstone stays on the sparse index until nothing is left in the store: a
run that is killed in between is finished by housekeeping, and no record is ever left that says
it has bytes which are gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError
from coffer.domain.objects import Objects
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import Awaiting, ObjectUpload


@dataclass(frozen=True, kw_only=True)
class Removal:
    """The parts of the world that removing takes."""

    uploads: Uploads
    objects: Objects
    clock: Clock

    def bury(self, upload: ObjectUpload, by: str) -> ObjectUpload:
        """Make a tombstone of the record as it was read; its bytes are still there.

        Raises RecordChangedError where anybody wrote since: a claim, for one.
        """
        return self.uploads.replace(upload, upload.deleted(by, self.clock.now()))

    def finish(self, tombstone: ObjectUpload) -> None:
        """Remove the bytes and the generated thumbnail, then let the tombstone expire.

        Called twice, or for a tombstone that is settled already, nothing more happens.
        """
        if tombstone.awaiting is not Awaiting.REMOVAL:
            return
        if tombstone.object_key is not None:
            self.objects.remove(tombstone.object_key)
        if tombstone.thumbnail_identifier is not None:
            self.objects.remove(tombstone.thumbnail_key)
        try:
            self.uploads.replace(tombstone, tombstone.bytes_removed(self.clock.now()))
        except RecordChangedError:
            # Another run was here at the same time, and did the same.
            return
