"""Publishing changes: which writes are published, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from coffer.domain.changes.publish import describe_change, publish_change
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.errors import ChangeRefusedError, UnavailableError
from tests.fakes import InMemoryAudit, RecordingBus
from tests.fakes.records import METADATA, metadata, pending, thumbnail, upload
from tests.unit.domain.changes.examples import (
    CHANGED_ON,
    WITH_THUMBNAIL,
    visible_change,
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (upload(), None),
        (metadata(), None),
        (None, pending()),
        (pending(), pending(revision=2)),
        (upload(), upload(claimed_by="metadata/m", awaiting=None, revision=2)),
        (metadata(), metadata()),
        (thumbnail(), thumbnail()),
    ],
    ids=["removed", "removed", "pending", "planned", "claimed", "unchanged", "unchanged"],
)
def test_a_write_that_no_reader_sees_is_not_published(
    before: AuditedRecord | None, after: AuditedRecord | None
) -> None:
    assert describe_change(before, after, CHANGED_ON) is None


def test_the_snapshot_is_written_before_the_messages() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    bus.refused = {"DocumentOperationNotification"}
    with pytest.raises(UnavailableError):
        publish_change(audit, bus, visible_change(None, metadata()))
    assert list(audit.snapshots) == [(f"metadata/{METADATA}", 1)]
    assert bus.published == []


def test_a_repeated_change_has_one_snapshot_and_repeated_messages() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    for _ in range(2):
        publish_change(audit, bus, visible_change(None, metadata()))
    assert len(audit.snapshots) == 1
    assert len(bus.published) == 2
    assert len({message["id"] for message in bus.published}) == 1


def test_a_change_without_messages_has_a_snapshot() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    publish_change(
        audit,
        bus,
        visible_change(
            WITH_THUMBNAIL, replace(WITH_THUMBNAIL, original_filename="b.png", version=3)
        ),
    )
    assert len(audit.snapshots) == 1
    assert bus.published == []


def test_a_change_that_the_audit_refuses_is_audited_shortened_and_published() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    audit.refused = {1}
    large = metadata(created_by="x" * 2049, managed_attributes={"a": "b" * 1000}, ac_tags=("t",))
    for _ in range(2):
        with pytest.raises(ChangeRefusedError):
            publish_change(audit, bus, visible_change(None, large))
    [snapshot] = audit.snapshots.values()
    assert snapshot["isShortened"] is True
    assert snapshot["author"] == "x" * 255
    assert snapshot["state"]["bucket"] == "aafc"
    assert snapshot["state"]["publiclyReleasable"] is True
    assert snapshot["state"]["createdBy"] == "x" * 255
    assert not snapshot["state"].keys() & {"managedAttributes", "acTags"}
    assert "acTags" in snapshot["changedProperties"]
    assert len({message["id"] for message in bus.published}) == 1
    assert len(audit.counted) == 1


def test_a_refused_change_is_retried_while_the_bus_is_unavailable() -> None:
    audit, bus = InMemoryAudit(), RecordingBus()
    audit.refused, bus.refused = {1}, {"DocumentOperationNotification"}
    with pytest.raises(UnavailableError):
        publish_change(audit, bus, visible_change(None, metadata()))
