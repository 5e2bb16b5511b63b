"""The ports of export in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from coffer.domain.callers import Caller
from coffer.domain.clock import Clock
from coffer.domain.errors import RecordChangedError, RecordExistsError
from coffer.domain.export.cleanup import ExportCleanup
from coffer.domain.export.record import AccessKey, DueAction, Export, StartedList
from coffer.domain.export.transform_member import ExportFunction, TransformError
from coffer.domain.objects import StoredObject
from tests.fakes.archives import InMemoryArchives


def _is_own(caller: Caller, export: Export) -> bool:
    is_same_name = export.created_by == caller.username
    return is_same_name and caller.owns(export.created_by, export.owner_subject)


class InMemoryExports:
    """The Exports port."""

    def __init__(self) -> None:
        self.records: dict[str, Export] = {}

    def get(self, identifier: str) -> Export | None:
        return self.records.get(identifier)

    def add(self, export: Export) -> Export:
        if export.identifier in self.records:
            raise RecordExistsError(export.identifier)
        return self._keep(replace(export, revision=1))

    def replace(self, before: Export, after: Export) -> Export:
        current = self.records.get(before.identifier)
        if current is None or current.revision != before.revision:
            raise RecordChangedError(before.identifier)
        return self._keep(replace(after, revision=before.revision + 1))

    def of(self, caller: Caller, limit: int, before: str | None) -> Sequence[Export]:
        exports = sorted(
            (export for export in self.records.values() if _is_own(caller, export)),
            key=lambda export: export.identifier,
            reverse=True,
        )
        return [e for e in exports if before is None or e.identifier < before][:limit]

    def count_of(self, caller: Caller) -> int:
        return sum(_is_own(caller, export) for export in self.records.values())

    def due(self, action: DueAction, now: datetime) -> Iterator[str]:
        for export in list(self.records.values()):
            if export.due is action and export.due_on is not None and export.due_on < now:
                yield export.identifier

    def _keep(self, export: Export) -> Export:
        self.records[export.identifier] = export
        return export


class InMemoryAccessKeys:
    """The AccessKeys port."""

    def __init__(self) -> None:
        self.stored: dict[str, AccessKey] = {}
        self.probes: dict[str, int] = {}
        self._lock = threading.Lock()

    def add(self, access: AccessKey) -> None:
        self.stored[access.digest] = access

    def redeem(self, digest: str, now: datetime) -> bool:
        with self._lock:
            is_there = self.look(digest, now) is not None
            return is_there and self.stored.pop(digest) is not None

    def probe(self, digest: str, now: datetime, limit: int) -> bool:
        with self._lock:
            counted = self.probes.get(digest, 0)
            if self.look(digest, now) is None or counted >= limit:
                return False
            self.probes[digest] = counted + 1
            return True

    def look(self, digest: str, now: datetime) -> AccessKey | None:
        access = self.stored.get(digest)
        return access if access is not None and access.expires_on > now else None


class InMemoryStartedExports:
    """The StartedExports port."""

    def __init__(self) -> None:
        self.lists: dict[str, StartedList] = {}
        self._lock = threading.Lock()

    def get(self, owner: str) -> StartedList:
        return self.lists.get(owner, StartedList(owner=owner, times={}))

    def replace(self, before: StartedList, times: Mapping[str, datetime]) -> None:
        with self._lock:
            if self.get(before.owner) != before:
                raise RecordChangedError(before.owner)
            self.lists[before.owner] = replace(before, times=times, revision=before.revision + 1)


JPEG_MAGIC = b"\xff\xd8\xff"


class RecordingExportQueue:
    """The ExportQueue port."""

    def __init__(self) -> None:
        self.enqueued: list[str] = []
        self.delays: list[timedelta] = []

    def enqueue(self, identifier: str, delay: timedelta = timedelta()) -> None:
        self.delays.append(delay)
        self.enqueued.append(identifier)


class ReversedImages:
    """The ImageFunctions port: a JPEG is followed by the bytes reversed.

    b"damaged…" raises TransformError, and the image of b"hostile…" is not a JPEG.
    """

    def __init__(self, archives: InMemoryArchives) -> None:
        self._archives = archives
        self.destinations: list[str] = []

    def apply(self, function: ExportFunction, source: StoredObject, destination: str) -> None:
        image = self._archives.read(source.key, 0, source.size_bytes, etag=source.etag)
        if image.startswith(b"damaged"):
            raise TransformError("image_damaged")
        self.destinations.append(destination)
        magic = b"" if image.startswith(b"hostile") else JPEG_MAGIC
        self._archives.save(destination, magic + image[::-1])


def nothing_to_clear(clock: Clock) -> ExportCleanup:
    """Return the cleanup of exports without any export."""
    return ExportCleanup(
        exports=InMemoryExports(),
        archives=InMemoryArchives(clock),
        queue=RecordingExportQueue(),
        clock=clock,
    )
