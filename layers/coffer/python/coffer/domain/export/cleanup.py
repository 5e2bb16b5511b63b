"""Remove the leftovers of a build, and all objects of an expired export.

Housekeeping runs `ExportCleanup`; the worker that builds an archive removes its own leftovers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError
from coffer.domain.export.ports import Archives, ExportQueue, Exports
from coffer.domain.export.record import DueAction, Export


@dataclass(frozen=True, kw_only=True)
class ExportCleanup:
    """Removes expired exports and enqueues those whose worker died or never started."""

    exports: Exports
    archives: Archives
    queue: ExportQueue
    clock: Clock

    def tasks(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield a name and a function for each due task; the function returns the result."""
        now = self.clock.now()
        for identifier in self.exports.due(DueAction.REMOVAL, now):
            yield f"export {identifier}", partial(self._remove, identifier)
        for identifier in self.exports.due(DueAction.BUILDING, now):
            yield f"export {identifier}", partial(self._enqueue, identifier)

    def _enqueue(self, identifier: str) -> str:
        self.queue.enqueue(identifier)
        return "export_sent_on"

    def _remove(self, identifier: str) -> str:
        """Mark the export as expired, then remove its objects. Safe to run twice."""
        export, now = self.exports.get(identifier), self.clock.now()
        if export is None or export.due is not DueAction.REMOVAL or (export.due_on or now) > now:
            return "settled_already"
        try:
            if export.has_archive:
                export = self.exports.replace(export, export.expired(now))
            remove_prefix(self.archives, export.folder)
            self.exports.replace(export, export.cleared(now))
        except RecordChangedError:
            return "busy"  # another access key was issued
        return "export_cleared"


def remove_leftovers(archives: Archives, export: Export, *, keep: str = "") -> None:
    """Remove temporary objects, and unfinished multipart uploads except the one in `keep`."""
    for key, upload in list(archives.list_uploads(export.folder)):
        if upload != keep:
            archives.abort_upload(key, upload)
    remove_prefix(archives, export.temporary)


def remove_prefix(archives: Archives, prefix: str) -> None:
    """Remove all objects and unfinished multipart uploads under a prefix."""
    for key, upload in list(archives.list_uploads(prefix)):
        archives.abort_upload(key, upload)
    for key in list(archives.list_keys(prefix)):
        archives.remove(key)
