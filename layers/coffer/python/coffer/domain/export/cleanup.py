"""Housekeeping of exports: archives whose time is over go, workers that got stuck are replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError
from coffer.domain.export.leftovers import clear_below
from coffer.domain.export.ports import Archives, ExportQueue, Exports
from coffer.domain.export.record import DueAction


@dataclass(frozen=True, kw_only=True)
class ExportCleanup:
    """The parts of the world that it takes."""

    exports: Exports
    archives: Archives
    queue: ExportQueue
    clock: Clock

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """What there is to do: a name for each step, and what does it and says what it did."""
        now = self.clock.now()
        for identifier in self.exports.due(DueAction.REMOVAL, now):
            yield f"export {identifier}", partial(self._remove, identifier)
        for identifier in self.exports.due(DueAction.BUILDING, now):
            yield f"export {identifier}", partial(self._send_on, identifier)

    def _send_on(self, identifier: str) -> str:
        # Its message was lost, or its worker died: whoever takes this up sees which.
        self.queue.enqueue(identifier)
        return "export_sent_on"

    def _remove(self, identifier: str) -> str:
        """Say that the archive is gone, then remove everything of it; run twice, the same."""
        export, now = self.exports.get(identifier), self.clock.now()
        if export is None or export.due is not DueAction.REMOVAL or (export.due_on or now) > now:
            return "settled_already"
        try:
            if export.has_archive:
                export = self.exports.replace(export, export.expired(now))
            clear_below(self.archives, export.folder)
            self.exports.replace(export, export.cleared(now))
        except RecordChangedError:
            return "busy"  # somebody has asked for another key
        return "export_cleared"
