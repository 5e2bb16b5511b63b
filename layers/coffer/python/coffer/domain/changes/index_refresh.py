"""Index refresh: whoever indexes metadata is told of it once more, of one record or of all.

There is no change behind it, so these are the only messages that the change stream does not put.
All records are gone through page by page, each page by a message that asks for the next: by the
partitions of the index by shard, and in each by the position of the last record that was told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID, uuid5

from coffer.domain.callers import Caller
from coffer.domain.changes.ports import EventBus
from coffer.domain.clock import Clock, to_text
from coffer.domain.errors import UnavailableError
from coffer.domain.identifiers import SHARDS, new_identifier
from coffer.domain.listing.index_keys import shard_key
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.read import find_metadata, require_undeleted

PAGE = 500
"""Records that one message tells of."""
PARTITIONS = tuple(
    shard_key(shard, is_public=public) for public in (True, False) for shard in SHARDS
)
_NAMESPACE = UUID("7b1f6f0a-2c0d-5a57-8d38-64a3f2f2c7b5")


@dataclass(frozen=True, kw_only=True)
class Errand:
    """A page to tell of: where it begins; or one record, where `identifier` names it."""

    refresh: str
    """The id of the whole refresh: a page that is told twice tells the same."""
    identifier: str | None = None
    partition: int = 0
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """A record to tell of, and its position in its partition."""

    identifier: str
    version: int
    position: str


class Errands(Protocol):
    """The queue that refreshes go through."""

    def enqueue(self, errand: Errand) -> None:
        """Ask for a page; at least once."""
        ...


class Records(Protocol):
    """All metadata, partition by partition, in a fixed order."""

    def page(self, partition: str, after: str | None, limit: int) -> Sequence[Told]:
        """Up to `limit` records behind a position; fewer only at the end of the partition."""
        ...


def request_refresh(
    errands: Errands, catalogue: Catalogue, clock: Clock, caller: Caller, identifier: str | None
) -> None:
    """Ask for a refresh of one record, or of all of them."""
    caller.require_admin()
    if identifier is not None:
        require_undeleted(find_metadata(catalogue, identifier))
    errands.enqueue(Errand(refresh=new_identifier(clock), identifier=identifier))


@dataclass(frozen=True, kw_only=True)
class IndexRefresh:
    """The parts of the world that a refresh takes."""

    errands: Errands
    records: Records
    catalogue: Catalogue
    bus: EventBus
    clock: Clock

    def run(self, errand: Errand) -> int:
        """Tell of one page, then ask for the next; says how many records it told of.

        Raises UnavailableError where the bus did not take every message: the page is told again,
        under the same ids.
        """
        if errand.identifier is not None:
            return self._tell(errand, self._one(errand.identifier))
        page = self.records.page(PARTITIONS[errand.partition], errand.after, PAGE)
        told = self._tell(errand, page)
        following = _following(errand, page)
        if following is not None:
            self.errands.enqueue(following)
        return told

    def _one(self, identifier: str) -> list[Told]:
        metadata = self.catalogue.metadata(identifier)
        if metadata is None or metadata.deleted_on is not None:
            return []  # deleted in the meantime, which was told
        return [Told(identifier=identifier, version=metadata.version, position="")]

    def _tell(self, errand: Errand, page: Sequence[Told]) -> int:
        messages = [self._message(errand, one) for one in page]
        if not all(self.bus.publish(messages)):
            raise UnavailableError("bus_unavailable", "The bus did not take every message.")
        return len(messages)

    def _message(self, errand: Errand, one: Told) -> Mapping[str, Any]:
        return {
            "type": "DocumentOperationNotification",
            "dryRun": False,
            "documentId": one.identifier,
            "documentType": "metadata",
            "operationType": "UPDATE",
            "version": one.version,
            "id": str(uuid5(_NAMESPACE, f"{errand.refresh}/{one.identifier}")),
            "occurredOn": to_text(self.clock.now()),
        }


def _following(errand: Errand, page: Sequence[Told]) -> Errand | None:
    """The page after this one; None behind the last of the last partition."""
    if len(page) == PAGE:
        return replace(errand, after=page[-1].position)
    if errand.partition + 1 < len(PARTITIONS):
        return replace(errand, partition=errand.partition + 1, after=None)
    return None
