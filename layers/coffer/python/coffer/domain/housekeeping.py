"""Finish or remove what interrupted functions left (docs/architecture.md).

Used by `keep_house`. It reads sparse indexes and the keys below `incoming/`, so its cost depends on
the number of unfinished records, not on the number of files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from coffer.domain.clock import Clock
from coffer.domain.errors import ObjectMissingError, RecordChangedError, TransactionCanceledError
from coffer.domain.export.cleanup import ExportCleanup
from coffer.domain.metadata.delete import Cascade
from coffer.domain.objects import Objects, StoredObject
from coffer.domain.sessions.cleanup import SessionCleanup
from coffer.domain.uploads.completion import Completion, finish_direct_upload
from coffer.domain.uploads.delete import UploadDeletion
from coffer.domain.uploads.object_keys import incoming_key
from coffer.domain.uploads.ports import ProcessingQueue, Uploads
from coffer.domain.uploads.record import Awaiting, ObjectUpload, UploadStatus

MIN_AGE = timedelta(hours=1)
"""Younger records may still be in the hands of their function; no function runs that long."""

Task = Callable[[], str]
"""Finishes one record and returns the name of the result, for the counts."""


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    """Dependencies of housekeeping, and the maximum number of tasks of one run."""

    uploads: Uploads
    objects: Objects
    queue: ProcessingQueue
    completion: Completion
    cascade: Cascade
    export_cleanup: ExportCleanup
    session_cleanup: SessionCleanup
    clock: Clock
    max_tasks: int = 1000
    _requeued: set[str] = field(default_factory=set, init=False)
    """Keys below `incoming/` that this run has put on the queue."""

    def run(self) -> Counter[str]:
        """Run the tasks that are due, up to the maximum, and return the count of each result.

        A record that cannot be finished does not stop the others. The errors are raised together,
        as an ExceptionGroup, at the end.
        """
        before = self.clock.now() - MIN_AGE
        self._requeued.clear()
        errors: list[Exception] = []
        results = Counter(task() for task in islice(self._tasks(before, errors), self.max_tasks))
        if errors:
            raise ExceptionGroup(f"{len(errors)} housekeeping tasks failed", errors)
        return results

    def _tasks(self, before: datetime, errors: list[Exception]) -> Iterator[Task]:
        for name, task in self._record_tasks(before):
            yield partial(_collect_error, errors, name, task)
        for arrived in self.objects.written_before("incoming/", before):
            if arrived.key not in self._requeued:
                yield partial(self._requeue, arrived)

    def _record_tasks(self, before: datetime) -> Iterator[tuple[str, Task]]:
        for identifier in self.uploads.awaiting(Awaiting.COMPLETION, before):
            yield f"record {identifier}", partial(self._complete_upload, identifier)
        for identifier in self.uploads.awaiting(Awaiting.REMOVAL, before):
            yield f"record {identifier}", partial(self._remove_bytes, identifier)
        yield from self.export_cleanup.tasks()
        yield from self.session_cleanup.tasks()
        for identifier in self.cascade.catalogue.cascading(before):
            yield f"record {identifier}", partial(self._delete_derivatives, identifier)

    def _requeue(self, arrived: StoredObject) -> str:
        # Never deleted: it is an upload whose event was lost or failed.
        self.queue.enqueue(arrived)
        self._requeued.add(arrived.key)
        return "requeued"

    def _remove_bytes(self, identifier: str) -> str:
        """Remove the bytes of a deleted upload."""
        tombstone = self.uploads.get(identifier)
        if tombstone is None or tombstone.awaiting is not Awaiting.REMOVAL:
            return "settled_already"
        deletion = UploadDeletion(uploads=self.uploads, objects=self.objects, clock=self.clock)
        deletion.remove_bytes(tombstone)
        return "removed"

    def _delete_derivatives(self, identifier: str) -> str:
        """Delete the derivatives that are left of deleted metadata."""
        try:
            return "deleted" if self.cascade.complete(identifier) else "deleting"
        except TransactionCanceledError:
            return "busy"

    def _complete_upload(self, identifier: str) -> str:
        upload = self.uploads.get(identifier)
        try:
            if upload is None:
                return "settled_already"
            if upload.status is UploadStatus.PENDING:
                return self._complete_direct_upload(upload)
            if upload.status is UploadStatus.PROCESSING:
                return self._complete_promotion(upload)
        except RecordChangedError:
            return "busy"
        return "settled_already"

    def _complete_promotion(self, upload: ObjectUpload) -> str:
        """Requeue an upload whose claimed bytes still wait, because a copy may take too long here.
        Finish one whose bytes are gone."""
        with suppress(ObjectMissingError):
            arrived = self.objects.describe(incoming_key(upload.bucket, upload.file_identifier))
            if arrived.etag == upload.source_etag:
                return self._requeue(arrived)
        return f"processed_{self.completion.finish_without_source(upload).value}"

    def _complete_direct_upload(self, upload: ObjectUpload) -> str:
        """Make a direct upload AVAILABLE if its bytes were stored; remove the record if not."""
        try:
            stored = self.objects.describe(str(upload.object_key))
        except ObjectMissingError:
            self.uploads.discard(upload)
            return "discarded"
        finish_direct_upload(self.uploads, self.clock, upload, stored.etag)
        return "finished"


def _collect_error(errors: list[Exception], name: str, task: Task) -> str:
    try:
        return task()
    except Exception as error:
        error.add_note(name)
        errors.append(error)
        return "failed"
