"""Parsing records of DynamoDB streams into changes of our records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from coffer.adapters.dynamodb.changes.stream import Change, parse_stream_record
from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.settings import table_settings
from tests.fakes.records import metadata, pending, thumbnail, upload

ARN = "arn:aws:dynamodb:ca-central-1:123456789012:table"
THEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def stream_record(table: str, **images: Any) -> dict[str, Any]:
    return {
        "eventID": "e",
        "eventSourceARN": f"{ARN}/{table}/stream/2026-11-22T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": THEN.timestamp(),
            "SequenceNumber": "1",
            **{name: item.serialize() for name, item in images.items()},
        },
    }


@pytest.mark.parametrize(
    ("table", "item", "record"),
    [
        (table_settings.uploads_table, UploadItem.of(upload()), upload()),
        (table_settings.metadata_table, MetadataItem.of(metadata()), metadata()),
        (table_settings.derivatives_table, DerivativeItem.of(thumbnail()), thumbnail()),
    ],
    ids=["upload", "metadata", "derivative"],
)
def test_a_new_record_has_the_type_of_its_table(
    table: str, item: Any, record: AuditedRecord
) -> None:
    change = parse_stream_record(stream_record(table, NewImage=item))
    assert change == Change(before=None, after=record, occurred_on=THEN)


def test_a_change_has_the_record_before_and_after() -> None:
    record = stream_record(
        table_settings.uploads_table,
        OldImage=UploadItem.of(pending()),
        NewImage=UploadItem.of(upload()),
    )
    assert parse_stream_record(record) == Change(before=pending(), after=upload(), occurred_on=THEN)


def test_a_removal_has_nothing_after_it() -> None:
    record = stream_record(table_settings.metadata_table, OldImage=MetadataItem.of(metadata()))
    assert parse_stream_record(record).after is None


def test_a_table_that_is_not_ours_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        parse_stream_record(stream_record("somebody-elses"))
