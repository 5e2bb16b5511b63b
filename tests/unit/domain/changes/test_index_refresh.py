"""Index refreshes: each record has one message, and a repeated page has the same message ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from coffer.domain.callers import Role
from coffer.domain.changes import index_refresh
from coffer.domain.changes.index_refresh import (
    PARTITIONS,
    IndexRefresh,
    RecordVersion,
    RefreshTask,
    request_refresh,
)
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError, UnavailableError
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads, RecordingBus
from tests.fakes.clocks import NOON
from tests.fakes.records import ADMIN, METADATA, caller, identifier, metadata


class Queue:
    """The RefreshQueue port."""

    def __init__(self) -> None:
        self.tasks: list[RefreshTask] = []

    def enqueue(self, task: RefreshTask) -> None:
        self.tasks.append(task)


class Versions:
    """The MetadataVersions port, with some records in each partition."""

    def __init__(self, **counts: int) -> None:
        self.records = {
            partition: [
                RecordVersion(
                    identifier=identifier(number),
                    version=number + 1,
                    sort_key=f"{number:04}#{identifier(number)}",
                )
                for number in range(counts.get(partition.replace("#", "_"), 0))
            ]
            for partition in PARTITIONS
        }

    def page(self, partition: str, after: str | None, limit: int) -> Sequence[RecordVersion]:
        records = self.records[partition]
        following = [one for one in records if after is None or one.sort_key > after]
        return following[:limit]


class World:
    """A refresh of records in some partitions."""

    def __init__(self, **counts: int) -> None:
        self.queue, self.bus, self.clock = Queue(), RecordingBus(), FrozenClock()
        self.catalogue = InMemoryCatalogue(InMemoryUploads())
        self.refresh = IndexRefresh(
            queue=self.queue,
            versions=Versions(**counts),
            catalogue=self.catalogue,
            bus=self.bus,
            clock=self.clock,
        )

    def request(self, one: str | None = None) -> None:
        request_refresh(self.queue, self.catalogue, self.clock, ADMIN, one)

    def run_all(self) -> int:
        """Run all tasks; return how many there were."""
        pages = 0
        while self.queue.tasks:
            self.refresh.run(self.queue.tasks.pop(0))
            pages += 1
        return pages


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_refresh, "PAGE_SIZE", 3)


def test_every_record_of_every_partition_has_one_message() -> None:
    world = World(public_0=7, public_f=3, private_a=1)
    world.request()
    pages = world.run_all()
    refreshed = [message["documentId"] for message in world.bus.published]
    assert len(refreshed) == 11
    assert sorted(refreshed) == sorted([identifier(n) for n in (*range(7), *range(3), 0)])
    assert pages == len(PARTITIONS) + 2 + 1  # a full page may be the last one: the next is empty


def test_a_message_is_an_update_with_the_records_version() -> None:
    world = World(public_0=1)
    world.request()
    world.run_all()
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


def test_a_repeated_page_has_the_same_ids_and_another_refresh_has_others() -> None:
    world = World(public_0=2)
    task = RefreshTask(refresh=identifier(50))
    world.refresh.run(task)
    world.refresh.run(task)
    ids = [message["id"] for message in world.bus.published]
    assert ids[:2] == ids[2:]
    world.refresh.run(replace(task, refresh=identifier(51)))
    assert len({message["id"] for message in world.bus.published}) == 4


def test_a_page_that_the_bus_refuses_enqueues_no_other() -> None:
    world = World(public_0=2)
    world.bus.refused.add("DocumentOperationNotification")
    with pytest.raises(UnavailableError):
        world.refresh.run(RefreshTask(refresh=identifier(50)))
    assert world.queue.tasks == []


def test_one_record_is_refreshed_alone() -> None:
    world = World(public_0=2)
    world.catalogue.metadata_records[METADATA] = metadata(version=4)
    world.request(METADATA)
    assert world.run_all() == 1
    [message] = world.bus.published
    assert (message["documentId"], message["version"]) == (METADATA, 4)


def test_a_record_that_was_deleted_since_has_no_message() -> None:
    world = World()
    world.catalogue.metadata_records[METADATA] = metadata()
    world.request(METADATA)
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON, deleted_by="root")
    world.run_all()
    assert world.bus.published == []


def test_a_missing_record_cannot_be_refreshed() -> None:
    world = World()
    with pytest.raises(NotFoundError):
        world.request(METADATA)
    world.catalogue.metadata_records[METADATA] = metadata(deleted_on=NOON, deleted_by="root")
    with pytest.raises(GoneError):
        world.request(METADATA)
    assert world.queue.tasks == []


def test_only_an_administrator_may_request_a_refresh() -> None:
    world = World()
    with pytest.raises(ForbiddenError):
        request_refresh(world.queue, world.catalogue, world.clock, caller(Role.DINA_ADMIN), None)
