"""Audit snapshots of changed records."""

from __future__ import annotations

import json

import pytest

from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from tests.fakes.clocks import NOON
from tests.fakes.records import FILE, METADATA, THUMBNAIL, metadata, pending, thumbnail, upload
from tests.unit.domain.changes.examples import (
    REJECTED,
    WITHOUT_THUMBNAIL,
    visible_change,
)


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (upload(), f"object-upload/{FILE}"),
        (metadata(), f"metadata/{METADATA}"),
        (thumbnail(), f"derivative/{THUMBNAIL}"),
    ],
)
def test_a_record_has_one_instance_id(record: AuditedRecord, name: str) -> None:
    assert record.instance_id == name
    assert visible_change(None, record).snapshot["instanceId"] == name


def test_the_first_snapshot_lists_all_attributes_with_a_value() -> None:
    snapshot = visible_change(pending(), upload()).snapshot
    assert snapshot["snapshotType"] == "INITIAL"
    assert snapshot["author"] == "alice"
    assert snapshot["commitDateTime"] == "2026-11-22T12:01:00.250000Z"
    assert snapshot["version"] == 1
    assert snapshot["state"] == OBJECT_UPLOAD_FIELDS.present(upload())
    filled = {name for name, value in snapshot["state"].items() if value is not None}
    assert set(snapshot["changedProperties"]) == filled


def test_a_later_snapshot_lists_the_changed_attributes() -> None:
    snapshot = visible_change(upload(), WITHOUT_THUMBNAIL).snapshot
    assert snapshot["snapshotType"] == "UPDATE"
    assert snapshot["author"] == "System Generated"
    assert snapshot["changedProperties"] == ["thumbnailFailure", "thumbnailStatus"]


def test_a_removed_attribute_has_changed() -> None:
    snapshot = visible_change(metadata(ac_tags=("leaf",)), metadata(version=2)).snapshot
    assert snapshot["changedProperties"] == ["acTags"]


@pytest.mark.parametrize(
    "record",
    [
        upload(deleted_on=NOON, deleted_by="root", version=3),
        metadata(deleted_on=NOON, deleted_by="root", version=3),
        thumbnail(deleted_on=NOON, deleted_by="root", version=3),
    ],
)
def test_the_last_snapshot_names_the_user_who_deleted_the_record(record: AuditedRecord) -> None:
    snapshot = visible_change(None, record).snapshot
    assert (snapshot["snapshotType"], snapshot["author"]) == ("TERMINAL", "root")


@pytest.mark.parametrize("record", [upload(), REJECTED, metadata(), thumbnail()])
def test_a_snapshot_can_be_written_as_json(record: AuditedRecord) -> None:
    assert json.loads(json.dumps(visible_change(None, record).snapshot))
