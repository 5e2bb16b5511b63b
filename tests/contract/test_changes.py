"""Contracts of the AuditTrail and EventBus ports, for their fakes and for AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from coffer.adapters.dynamodb.changes.audit_trail import DynamoAuditTrail
from coffer.adapters.dynamodb.changes.snapshots import DynamoAuditReader
from coffer.adapters.event_bus import EventBridgeBus, event_bus_client
from coffer.domain.changes.ports import AuditTrail, EventBus
from coffer.domain.changes.publish import describe_change
from coffer.domain.changes.snapshots import shorten_snapshot
from coffer.domain.errors import ChangeRefusedError
from coffer.domain.listing.counters import CounterChange
from coffer.domain.uploads.record import UploadStatus
from coffer.settings import messaging_settings
from local.control.server import readable_entry
from local.stack import LocalStack
from tests.fakes import (
    InMemoryAudit,
    RecordingBus,
)
from tests.fakes.clocks import NOON
from tests.fakes.records import FILE, metadata, thumbnail, upload


@dataclass
class Audit:
    """The port, and functions that return its snapshots and counters."""

    trail: AuditTrail
    snapshots: Callable[[], list[Mapping[str, Any]]]
    counted: Callable[[], dict[tuple[str, str], tuple[int, int]]]
    """Records, and public ones, by kind and bucket."""


@pytest.fixture(params=["in memory", "DynamoDB"])
def audit(request: pytest.FixtureRequest) -> Audit:
    if request.param == "in memory":
        fake = InMemoryAudit()
        return Audit(fake, lambda: list(fake.snapshots.values()), lambda: _summed(fake.counted))
    stack: LocalStack = request.getfixturevalue("stack")

    def snapshots() -> list[Mapping[str, Any]]:
        return list(map(stored_snapshot, stack.items("AuditTable")))

    def counted() -> dict[tuple[str, str], tuple[int, int]]:
        return {
            (item["kind"], item["bucketKey"]): (int(item["records"]), int(item["publicRecords"]))
            for item in stack.items("CountsTable")
        }

    return Audit(DynamoAuditTrail(), snapshots, counted)


def stored_snapshot(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the snapshot of an item."""
    entry = readable_entry(item)
    return {
        **entry,
        "version": int(item["version"]),
        "state": json.loads(entry["state"]),
        "changedProperties": json.loads(item["changedProperties"]),
    }


def _summed(changes: Iterable[CounterChange]) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in changes:
        records, public = sums.get((one.kind, one.bucket_key), (0, 0))
        new = (records + one.records, public + one.public_records)
        sums[(one.kind, one.bucket_key)] = new
    return sums


def snapshot(version: int = 1, **changes: Any) -> Mapping[str, Any]:
    change = describe_change(None, metadata(version=version), NOON)
    assert change is not None
    return {**change.snapshot, **changes}


def test_a_snapshot_is_stored_unchanged(audit: Audit) -> None:
    audit.trail.record(snapshot())
    assert audit.snapshots() == [snapshot()]


@pytest.mark.parametrize("record", [upload(), thumbnail()])
def test_snapshots_of_every_type_are_stored(audit: Audit, record: Any) -> None:
    change = describe_change(None, record, NOON)
    assert change is not None
    audit.trail.record(change.snapshot)
    assert audit.snapshots() == [change.snapshot]


def test_a_snapshot_is_never_changed(audit: Audit) -> None:
    audit.trail.record(snapshot())
    audit.trail.record(snapshot(author="somebody else"))
    assert audit.snapshots() == [snapshot()]


TOO_LARGE: Mapping[str, Any] = {"author": "x" * 2049}
"""Keys of the index by author have at most 2,048 bytes."""


def test_a_snapshot_that_can_never_be_stored_is_refused_and_counts_nothing(audit: Audit) -> None:
    if isinstance(audit.trail, InMemoryAudit):
        audit.trail.refused = {1}
    counters = describe_change(None, metadata(), NOON)
    assert counters is not None
    for changes in ((), counters.counter_changes):
        with pytest.raises(ChangeRefusedError):
            audit.trail.record(snapshot(**TOO_LARGE), changes)
    assert audit.snapshots() == []
    assert audit.counted() == {}


def test_a_complete_snapshot_replaces_a_shortened_one_and_is_counted_once(audit: Audit) -> None:
    complete = describe_change(None, metadata(), NOON)
    assert complete is not None
    shortened = shorten_snapshot(complete.snapshot)
    audit.trail.record(shortened, complete.counter_changes)
    assert audit.snapshots() == [shortened]
    for _ in range(2):
        audit.trail.record(complete.snapshot, complete.counter_changes)
        audit.trail.record(shortened, complete.counter_changes)
    assert audit.snapshots() == [complete.snapshot]
    assert audit.counted() == {("metadata", "aafc"): (1, 1)}


def test_a_large_snapshot_is_compressed_and_read_unchanged(stack: LocalStack) -> None:
    large = snapshot(state={"bucket": "aafc", "acTags": ["\U0001f98b" * 250] * 100})
    DynamoAuditTrail().record(large)
    [item] = stack.items("AuditTable")
    assert "state" not in item
    assert len(bytes(item["compressedState"])) < 10_000
    assert list(DynamoAuditReader().of_instance(large["instanceId"])) == [large]
    assert list(DynamoAuditReader().of_author("alice")) == [large]


def test_every_version_of_every_record_is_stored(audit: Audit) -> None:
    for one in (snapshot(1), snapshot(2), snapshot(1, instanceId="metadata/other")):
        audit.trail.record(one)
    assert len(audit.snapshots()) == 3


def change(before: Any, after: Any, audit: Audit) -> None:
    """Record a change as `publish_changes` does."""
    change = describe_change(before, after, NOON)
    assert change is not None
    audit.trail.record(change.snapshot, change.counter_changes)


def test_a_record_is_counted_while_lists_show_it(audit: Audit) -> None:
    first, second = metadata(), metadata(identifier=FILE, publicly_releasable=False, bucket="AAFC")
    change(None, first, audit)
    change(None, second, audit)
    assert audit.counted() == {("metadata", "aafc"): (2, 1)}
    change(first, replace(first, version=2, publicly_releasable=False), audit)
    assert audit.counted() == {("metadata", "aafc"): (2, 0)}
    change(second, replace(second, version=2, deleted_on=NOON, deleted_by="root"), audit)
    assert audit.counted() == {("metadata", "aafc"): (1, 0)}


def test_a_repeated_change_is_counted_once(audit: Audit) -> None:
    for _ in range(3):
        change(None, thumbnail(), audit)
    assert audit.counted() == {("derivative", "aafc"): (1, 1)}
    assert len(audit.snapshots()) == 1


def test_a_moved_record_is_counted_in_its_new_bucket(audit: Audit) -> None:
    before = metadata()
    change(None, before, audit)
    change(before, replace(before, version=2, bucket="bicoe"), audit)
    assert audit.counted() == {("metadata", "aafc"): (0, 0), ("metadata", "bicoe"): (1, 1)}


def test_an_upload_is_counted_once_it_was_inspected(audit: Audit) -> None:
    before = upload(status=UploadStatus.PROCESSING, version=0)
    assert describe_change(None, before, NOON) is None
    change(before, upload(), audit)
    assert audit.counted() == {("object-upload", "aafc"): (1, 0)}


@dataclass
class Bus:
    """The port, and what consumers hear: type and detail."""

    bus: EventBus
    published: Callable[[], list[tuple[str, Mapping[str, Any]]]]


@pytest.fixture(params=["in memory", "EventBridge"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "in memory":
        fake = RecordingBus()
        return Bus(
            fake,
            lambda: [
                (message["type"], {n: v for n, v in message.items() if n != "type"})
                for message in fake.published
            ],
        )
    stack: LocalStack = request.getfixturevalue("stack")

    def published() -> list[tuple[str, Mapping[str, Any]]]:
        stack.settle()
        assert {event["source"] for event in stack.bus_events} <= {"coffer"}
        return [(event["detail-type"], event["detail"]) for event in stack.bus_events]

    return Bus(EventBridgeBus(event_bus_client(), messaging_settings.event_bus), published)


def message(number: int) -> dict[str, Any]:
    return {"type": "TestNotification", "number": number, "name": "Käfer", "nothing": None}


@pytest.mark.parametrize("count", [1, 10, 11, 25])
def test_messages_are_published_in_order(bus: Bus, count: int) -> None:
    messages = [message(number) for number in range(count)]
    assert bus.bus.publish(messages) == [True] * count
    assert bus.published() == [
        ("TestNotification", {"number": number, "name": "Käfer", "nothing": None})
        for number in range(count)
    ]


def test_no_messages_cause_no_call(bus: Bus) -> None:
    assert bus.bus.publish([]) == []
    assert bus.published() == []


@pytest.mark.parametrize(
    ("codes", "raises"),
    [
        ([None, "InternalFailure"], False),
        (["MalformedDetail", None], True),
        (["MalformedDetail", "ThrottlingException"], False),
    ],
)
def test_a_refused_message_raises_and_a_throttled_one_is_reported_as_unsent(
    codes: list[str | None], raises: bool
) -> None:
    class Client:
        def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
            return {"Entries": [{"ErrorCode": one} if one else {"EventId": "1"} for one in codes]}

    publish = EventBridgeBus(Client(), "bus").publish  # type: ignore[arg-type]  # a fake client
    if raises:
        with pytest.raises(ChangeRefusedError, match="MalformedDetail"):
            publish([message(1), message(2)])
    else:
        assert publish([message(1), message(2)]) == [one is None for one in codes]


def test_a_message_that_is_too_large_does_not_stop_the_others_of_its_request() -> None:
    sent: list[Any] = []

    class Client:
        def put_events(self, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
            if sum(len(one["Detail"]) for one in Entries) > 256 * 1024:
                raise ClientError({"Error": {"Code": "ValidationException"}}, "PutEvents")
            sent.extend(Entries)
            return {"Entries": [{"EventId": "1"} for _ in Entries]}

    bus = EventBridgeBus(Client(), "bus")  # type: ignore[arg-type]  # a fake client
    with pytest.raises(ChangeRefusedError):
        bus.publish([message(1), {**message(2), "name": "x" * 300_000}, message(3)])
    assert [json.loads(one["Detail"])["number"] for one in sent] == [1, 3]
