"""Housekeeping: what was left half-way is finished or removed (flow 7 of the architecture).

It reads the sparse index and the prefix of arrivals, so its cost follows what there is to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectMissingError, RecordChangedError, TransactionCanceledError
from coffer.domain.export.cleanup import ExportCleanup
from coffer.domain.metadata.cascade import Cascade
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.uploads.direct_upload import finish_direct_upload
from coffer.domain.uploads.ports import ProcessingQueue, Uploads
from coffer.domain.uploads.promotion import Promotion
from coffer.domain.uploads.record import Awaiting, ObjectUpload, UploadStatus
from coffer.domain.uploads.removal import Removal

PATIENCE = timedelta(hours=1)
"""How long a state may be half-way before it counts as left there; no handler runs so long."""


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    """The parts of the world that housekeeping looks after; `most` bounds one run's steps."""

    uploads: Uploads
    objects: Objects
    queue: ProcessingQueue
    promotion: Promotion
    cascade: Cascade
    clearing: ExportCleanup
    clock: Clock
    most: int = 1000

    def keep(self) -> Counter[str]:
        """Do what there is to do, up to the bound, and say how often each thing was done.

        One record that cannot be settled does not keep the others waiting: the failures are
        raised together, as an ExceptionGroup, once everything else is done.
        """
        before = self.clock.now() - PATIENCE
        failures: list[Exception] = []
        done = Counter(step() for step in islice(self._steps(before, failures), self.most))
        if failures:
            raise ExceptionGroup(f"{len(failures)} things could not be settled", failures)
        return done

    def _steps(self, before: datetime, failures: list[Exception]) -> Iterator[Callable[[], str]]:
        for identifier in self.uploads.awaiting(Awaiting.COMPLETION, before):
            step = partial(self._settle, identifier)
            yield partial(self._try, f"record {identifier}", step, failures)
        for identifier in self.uploads.awaiting(Awaiting.REMOVAL, before):
            step = partial(self._finish_removal, identifier)
            yield partial(self._try, f"record {identifier}", step, failures)
        for what, clear in self.clearing.steps():
            yield partial(self._try, what, clear, failures)
        for identifier in self.cascade.catalogue.cascading(before):
            step = partial(self._finish_deletion, identifier)
            yield partial(self._try, f"record {identifier}", step, failures)
        for arrived in self.objects.older_than("incoming/", before):
            yield partial(self._requeue, arrived)

    def _requeue(self, arrived: StoredObject) -> str:
        # Never deleted: it is somebody's upload whose event was lost, or came to nothing.
        self.queue.enqueue(arrived)
        return "requeued"

    def _try(self, what: str, step: Callable[[], str], failures: list[Exception]) -> str:
        try:
            return step()
        except Exception as error:
            error.add_note(what)
            failures.append(error)
            return "failed"

    def _finish_removal(self, identifier: str) -> str:
        """Remove the bytes of an upload that was deleted, where that was left half-way."""
        tombstone = self.uploads.get(identifier)
        if tombstone is None or tombstone.awaiting is not Awaiting.REMOVAL:
            return "settled_already"
        Removal(uploads=self.uploads, objects=self.objects, clock=self.clock).finish(tombstone)
        return "removed"

    def _finish_deletion(self, identifier: str) -> str:
        """Delete what is left of what was made from a file whose description was deleted."""
        try:
            return "deleted" if self.cascade.confirm(identifier) else "deleting"
        except TransactionCanceledError:
            return "busy"

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
