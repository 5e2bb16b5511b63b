"""Ask search indexes to read metadata again, one record or all.

Nothing changed, so these are the only messages that do not come from the change stream. A refresh
of all records is split into tasks of one page each. A task publishes the messages of its page and
enqueues the next task. Pages follow the index by shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from coffer.domain.callers import Caller
from coffer.domain.changes.messages import refresh_message
from coffer.domain.changes.ports import EventBus
from coffer.domain.clock import Clock
from coffer.domain.errors import UnavailableError
from coffer.domain.identifiers import SHARDS, new_identifier
from coffer.domain.listing.index_keys import shard_key
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.read import find_metadata
from coffer.domain.permissions.rights import INDEX_REFRESH, Permission, require_right
from coffer.domain.transactions.read import require_undeleted

PAGE_SIZE = 500
PARTITIONS = tuple(
    shard_key(shard, is_public=public) for public in (True, False) for shard in SHARDS
)
"""The index partitions that together have all metadata, in the order of the refresh."""


@dataclass(frozen=True, kw_only=True)
class RefreshTask:
    """One page of a refresh: it begins after a sort key. Or one record, if `identifier` is set."""

    refresh: str
    """Id of the whole refresh. A page that is repeated has messages with the same ids."""
    identifier: str | None = None
    partition: int = 0
    """Position in `PARTITIONS`."""
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class RecordVersion:
    """The id, version and index sort key of a metadata record."""

    identifier: str
    version: int
    sort_key: str


class RefreshQueue(Protocol):
    """The queue of refresh tasks."""

    def enqueue(self, task: RefreshTask) -> None:
        """Enqueue a task. It is delivered at least once."""
        ...


class MetadataVersions(Protocol):
    """Reads the versions of all metadata records, in a fixed order."""

    def page(self, partition: str, after: str | None, limit: int) -> Sequence[RecordVersion]:
        """Return up to `limit` records after a sort key; fewer only at the partition's end."""
        ...


def request_refresh(
    queue: RefreshQueue, catalogue: Catalogue, clock: Clock, caller: Caller, identifier: str | None
) -> None:
    """Enqueue the refresh of one record, or of all records."""
    require_right(caller, INDEX_REFRESH, Permission.CREATE)
    if identifier is not None:
        require_undeleted(find_metadata(catalogue, identifier))
    queue.enqueue(RefreshTask(refresh=new_identifier(clock), identifier=identifier))


@dataclass(frozen=True, kw_only=True)
class IndexRefresh:
    """The use case that runs refresh tasks, with its ports."""

    queue: RefreshQueue
    versions: MetadataVersions
    catalogue: Catalogue
    bus: EventBus
    clock: Clock

    def run(self, task: RefreshTask) -> int:
        """Publish the messages of one page and enqueue the next; return the number of messages.

        Raises UnavailableError if the bus did not accept every message. The queue then delivers
        the task again, and the messages get the same ids.
        """
        if task.identifier is not None:
            return self._publish(task, self._one(task.identifier))
        page = self.versions.page(PARTITIONS[task.partition], task.after, PAGE_SIZE)
        published = self._publish(task, page)
        next_task = _next_task(task, page)
        if next_task is not None:
            self.queue.enqueue(next_task)
        return published

    def _one(self, identifier: str) -> list[RecordVersion]:
        metadata = self.catalogue.metadata(identifier)
        if metadata is None or metadata.deleted_on is not None:
            return []  # the change stream publishes the deletion
        return [RecordVersion(identifier=identifier, version=metadata.version, sort_key="")]

    def _publish(self, task: RefreshTask, page: Sequence[RecordVersion]) -> int:
        now = self.clock.now()
        messages = [
            refresh_message(record.identifier, record.version, task.refresh, now) for record in page
        ]
        if not all(self.bus.publish(messages)):
            raise UnavailableError("bus_unavailable", "The event bus did not accept every message.")
        return len(messages)


def _next_task(task: RefreshTask, page: Sequence[RecordVersion]) -> RefreshTask | None:
    """Return the task of the next page; None after the last page of the last partition."""
    if len(page) == PAGE_SIZE:
        return replace(task, after=page[-1].sort_key)
    if task.partition + 1 < len(PARTITIONS):
        return replace(task, partition=task.partition + 1, after=None)
    return None
