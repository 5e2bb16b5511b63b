"""Publishing changes: which writes are published, and in which order."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from coffer.domain.changes.publish import describe_change, publish_change
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.errors import ChangeRefusedError, UnavailableError
from coffer.domain.export.record import Export, ExportStatus
from tests.fakes import InMemoryAccessKeys, InMemoryAudit, RecordingBus
from tests.fakes.clocks import NOON
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
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    bus.refused = {"DocumentOperationNotification"}
    with pytest.raises(UnavailableError):
        publish_change(audit, bus, keys, visible_change(None, metadata()))
    assert list(audit.snapshots) == [(f"metadata/{METADATA}", 1)]
    assert bus.published == []


def test_a_repeated_change_has_one_snapshot_and_repeated_messages() -> None:
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    for _ in range(2):
        publish_change(audit, bus, keys, visible_change(None, metadata()))
    assert len(audit.snapshots) == 1
    assert len(bus.published) == 2
    assert len({message["id"] for message in bus.published}) == 1


def test_a_change_without_messages_has_a_snapshot() -> None:
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    publish_change(
        audit,
        bus,
        keys,
        visible_change(
            WITH_THUMBNAIL, replace(WITH_THUMBNAIL, original_filename="b.png", version=3)
        ),
    )
    assert len(audit.snapshots) == 1
    assert bus.published == []


def test_a_change_that_the_audit_refuses_is_audited_shortened_and_published() -> None:
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    audit.refused = {1}
    large = metadata(created_by="x" * 2049, managed_attributes={"a": "b" * 1000}, ac_tags=("t",))
    for _ in range(2):
        with pytest.raises(ChangeRefusedError):
            publish_change(audit, bus, keys, visible_change(None, large))
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
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    audit.refused, bus.refused = {1}, {"DocumentOperationNotification"}
    with pytest.raises(UnavailableError):
        publish_change(audit, bus, keys, visible_change(None, metadata()))


FINISHED = Export(
    identifier=METADATA,
    created_by="alice",
    created_on=NOON,
    name=None,
    status=ExportStatus.RUNNING,
    entries=1,
    bytes_total=4,
).finished(NOON, {}, 4, 120)


def test_the_key_of_an_archive_is_on_the_bus_only_and_stored_as_its_digest() -> None:
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    publish_change(audit, bus, keys, visible_change(None, FINISHED))
    [message] = bus.published
    assert len(message["toa"]) == 128
    [access] = keys.stored.values()
    assert access.digest == sha256(message["toa"].encode()).hexdigest()
    assert (access.export, access.expires_on) == (METADATA, FINISHED.available_until)
    assert message["toa"] not in repr((audit.snapshots, keys.stored, FINISHED))


def test_a_repeated_message_has_the_same_id_and_another_key() -> None:
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    for _ in range(2):
        publish_change(audit, bus, keys, visible_change(None, FINISHED))
    first, second = bus.published
    assert first["id"] == second["id"]
    assert first["toa"] != second["toa"]
    assert len(keys.stored) == 2


def test_a_key_is_stored_before_it_is_published() -> None:
    audit, bus, keys = InMemoryAudit(), RecordingBus(), InMemoryAccessKeys()
    bus.refused = {"ObjectExportNotification"}
    with pytest.raises(UnavailableError):
        publish_change(audit, bus, keys, visible_change(None, FINISHED))
    assert len(keys.stored) == 1
