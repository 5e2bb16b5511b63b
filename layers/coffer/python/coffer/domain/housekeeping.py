"""Housekeeping: what was left half-way is finished or removed (flow 7 of the architecture).

It reads the sparse index and the prefix of arrivals, so its cost follows what there is to do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from coffer.domain.clock import Clock
from coffer.domain.direct_upload import finish_direct_upload
from coffer.domain.errors import ObjectMissingError, RecordChangedError
from coffer.domain.object_upload import Awaiting, ObjectUpload, UploadStatus
from coffer.domain.ports import Objects, ProcessingQueue, Uploads
from coffer.domain.promotion import Promotion

PATIENCE = timedelta(hours=1)
"""How long a state may be half-way before it counts as left there; no handler runs so long."""


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    """The parts of the world that housekeeping looks after; `most` bounds one run's steps."""

    uploads: Uploads
    objects: Objects
    queue: ProcessingQueue
    promotion: Promotion
    clock: Clock
    most: int = 1000

    def keep(self) -> Counter[str]:
        """Do what there is to do, up to the bound, and say how often each thing was done."""
        done: Counter[str] = Counter()
        before = self.clock.now() - PATIENCE
        for identifier in self.uploads.awaiting(Awaiting.BYTES, before):
            if done.total() >= self.most:
                return done
            done[self._settle(identifier)] += 1
        for arrived in self.objects.older_than("incoming/", before):
            if done.total() >= self.most:
                return done
            # Never deleted: it is somebody's upload whose event was lost, or came to nothing.
            self.queue.enqueue(arrived)
            done["requeued"] += 1
        return done

    def _settle(self, identifier: str) -> str:
        upload = self.uploads.get(identifier)
        try:
            if upload is None:
                return "settled_already"
            if upload.status is UploadStatus.PENDING:
                return self._settle_direct(upload)
            if upload.status is UploadStatus.PROCESSING:
                return f"processed_{self.promotion.resume(upload).value}"
        except RecordChangedError:
            return "busy"
        return "settled_already"

    def _settle_direct(self, upload: ObjectUpload) -> str:
        """A direct upload: its bytes are in place and the record is flipped, or they never came."""
        try:
            self.objects.describe(str(upload.object_key))
        except ObjectMissingError:
            self.uploads.discard(upload)
            return "discarded"
        finish_direct_upload(self.uploads, self.clock, upload)
        return "finished"
