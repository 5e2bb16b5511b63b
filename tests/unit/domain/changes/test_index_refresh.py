"""Index refreshes: every record is told of, page by page, and a page that comes twice says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from coffer.domain.callers import Role
from coffer.domain.changes import index_refresh
from coffer.domain.changes.index_refresh import (
    PARTITIONS,
    Errand,
    IndexRefresh,
    Told,
    request_refresh,
)
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError, UnavailableError
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads, RecordingBus
from tests.fakes.clocks import NOON
from tests.fakes.records import ADMIN, METADATA, caller, identifier, metadata


class Queue:
    """The Errands port."""

    def __init__(self) -> None:
        self.errands: list[Errand] = []

    def enqueue(self, errand: Errand) -> None:
        self.errands.append(errand)


class Pages:
    """The Records port: so many records in each partition."""

    def __init__(self, **counts: int) -> None:
        self.records = {
            partition: [
                Told(
                    identifier=identifier(number),
                    version=number + 1,
                    position=f"{number:04}#{identifier(number)}",
                )
                for number in range(counts.get(partition.replace("#", "_"), 0))
            ]
            for partition in PARTITIONS
        }

    def page(self, partition: str, after: str | None, limit: int) -> Sequence[Told]:
        behind = [one for one in self.records[partition] if after is None or one.position > after]
        return behind[:limit]


class World:
    """A refresh of records in some partitions."""

    def __init__(self, **counts: int) -> None:
        self.queue, self.bus, self.clock = Queue(), RecordingBus(), FrozenClock()
        self.catalogue = InMemoryCatalogue(InMemoryUploads())
        self.refresh = IndexRefresh(
            errands=self.queue,
            records=Pages(**counts),
            catalogue=self.catalogue,
            bus=self.bus,
            clock=self.clock,
        )

    def request(self, one: str | None = None) -> None:
        request_refresh(self.queue, self.catalogue, self.clock, ADMIN, one)

    def work_off(self) -> int:
        """The number of pages that it took."""
        pages = 0
        while self.queue.errands:
            self.refresh.run(self.queue.errands.pop(0))
            pages += 1
        return pages


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_refresh, "PAGE", 3)


def test_every_record_of_every_partition_is_told_of_once() -> None:
    world = World(public_0=7, public_f=3, private_a=1)
    world.request()
    pages = world.work_off()
    told = [message["documentId"] for message in world.bus.published]
    assert len(told) == 11
    assert sorted(told) == sorted([identifier(n) for n in (*range(7), *range(3), 0)])
    assert pages == len(PARTITIONS) + 2 + 1  # a full page may be the last one: the next is empty


def test_a_message_is_an_update_with_the_records_version() -> None:
    world = World(public_0=1)
    world.request()
    world.work_off()
    [message] = world.bus.published
    assert {name: message[name] for name in message if name != "id"} == {
        "type": "DocumentOperationNotification",
        "dryRun": False,
        "documentId": identifier(0),
        "documentType": "metadata",
        "operationType": "UPDATE",
        "version": 1,
        "occurredOn": "2026-11-22T12:00:00.250000Z",
    }


def test_a_page_that_is_told_twice_has_the_same_ids_and_another_refresh_has_others() -> None:
    world = World(public_0=2)
    errand = Errand(refresh=identifier(50))
    world.refresh.run(errand)
    world.refresh.run(errand)
    ids = [message["id"] for message in world.bus.published]
    assert ids[:2] == ids[2:]
    world.refresh.run(replace(errand, refresh=identifier(51)))
    assert len({message["id"] for message in world.bus.published}) == 4


def test_a_page_that_the_bus_does_not_take_asks_for_no_other() -> None:
    world = World(public_0=2)
    world.bus.refused.add("DocumentOperationNotification")
    with pytest.raises(UnavailableError):
        world.refresh.run(Errand(refresh=identifier(50)))
    assert world.queue.errands == []


def test_one_record_is_told_of_alone() -> None:
    world = World(public_0=2)
    world.catalogue.metadata_records[METADATA] = metadata(version=4)
    world.request(METADATA)
    assert world.work_off() == 1
    [message] = world.bus.published
    assert (message["documentId"], message["version"]) == (METADATA, 4)


def test_one_that_was_deleted_in_the_meantime_is_passed_over() -> None:
    world = World()
    world.catalogue.metadata_records[METADATA] = metadata()
    world.request(METADATA)
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON, deleted_by="root")
    world.work_off()
    assert world.bus.published == []


def test_a_record_that_is_not_there_cannot_be_told_of() -> None:
    world = World()
    with pytest.raises(NotFoundError):
        world.request(METADATA)
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON, deleted_by="root")
    with pytest.raises(GoneError):
        world.request(METADATA)
    assert world.queue.errands == []


def test_only_the_realms_admin_may_ask() -> None:
    world = World()
    with pytest.raises(ForbiddenError):
        request_refresh(world.queue, world.catalogue, world.clock, caller(Role.DINA_ADMIN), None)
