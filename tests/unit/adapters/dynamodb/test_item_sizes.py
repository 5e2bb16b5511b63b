"""Every record that the rules accept fits into an item, and so does its audit snapshot."""

from __future__ import annotations

import random
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from coffer.adapters.dynamodb.changes.snapshots import SnapshotItem
from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.export.items import ExportItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.adapters.dynamodb.uploads.items import UploadItem
from coffer.adapters.dynamodb.vocabulary.items import TermItem
from coffer.domain.callers import MAX_USERNAME_LENGTH
from coffer.domain.changes.publish import describe_change
from coffer.domain.changes.snapshots import AuditedRecord
from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.record import Derivative
from coffer.domain.derivatives.rules import attribute_problems as derivative_problems
from coffer.domain.errors import InvalidError
from coffer.domain.export.record import Export, ExportStatus
from coffer.domain.fields import MAX_RECORD_BYTES, FieldType, RecordFields, json_bytes
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.record import Metadata
from coffer.domain.metadata.rules import attribute_problems
from coffer.domain.uploads.image_properties import MAX_CHARACTERS, MAX_TAGS, ImageProperties
from coffer.domain.uploads.record import ObjectUpload
from coffer.domain.vocabulary.rules import MAX_CHARACTERS_OF_DESCRIPTIONS, check_size
from coffer.domain.vocabulary.terms import Description, ManagedAttribute, ObjectSubtype
from coffer.domain.vocabulary.usage import (
    MAX_MANAGED_ATTRIBUTE_CHARACTERS,
    MAX_MANAGED_ATTRIBUTES,
)
from tests.fakes.clocks import NOON
from tests.fakes.records import identifier, metadata, thumbnail, upload
from tests.fakes.terms import attribute

MAX_ITEM_BYTES = 400 * 1024
"""DynamoDB Developer Guide, "Quotas": names and values, with the keys of indexes."""
MAX_INDEX_KEY_BYTES = 2048
_RANDOM = random.Random(13)


def astral(length: int) -> str:
    """Return characters outside the BMP that hardly compress: 4 bytes each in UTF-8."""
    return "".join(chr(_RANDOM.randrange(0x10000, 0x110000)) for _ in range(length))


def control(length: int) -> str:
    """Return characters with 6 bytes each in JSON."""
    return "\x01" * length


TEXTS = {"astral": astral, "control": control}
USER = {"astral": astral(MAX_USERNAME_LENGTH), "control": "u" * MAX_USERNAME_LENGTH}


def size_of(item: Any) -> int:
    """Return the size of an item as DynamoDB counts it ("Item sizes and formats")."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.serialize().items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "B":
            return len(content if isinstance(content, bytes) else b64decode(content))
        case "BOOL" | "NULL":
            return 1
    raise AssertionError(f"no attribute has the type {kind}")


def longest(fields: RecordFields, kind: str) -> dict[str, Any]:
    """Return the longest accepted value of each text that callers set."""
    text = TEXTS[kind]
    values: dict[str, Any] = {}
    for field in fields.writable:
        if field.is_header and field.max_length:
            values[field.attribute] = "a" * field.max_length
        elif field.type in (FieldType.TEXT, FieldType.URL) and field.max_length:
            values[field.attribute] = text(field.max_length)
        elif field.type is FieldType.TEXTS and field.max_length and field.max_items:
            values[field.attribute] = tuple(text(field.max_length) for _ in range(field.max_items))
    return values


def largest_metadata(kind: str) -> Metadata:
    """Return a record at all limits of its attributes."""
    length = MAX_MANAGED_ATTRIBUTE_CHARACTERS // MAX_MANAGED_ATTRIBUTES - 3
    attributes = {f"a{n:02}": TEXTS[kind](length) for n in range(MAX_MANAGED_ATTRIBUTES)}
    return metadata(
        **longest(METADATA_FIELDS, kind),
        managed_attributes=attributes,
        original_filename=TEXTS[kind](250),
        bucket="b" * 50,
        ac_metadata_creator=identifier(7),
        dc_creator=identifier(8),
        created_by=USER[kind],
        changed_by=USER[kind],
    )


def test_a_record_at_all_limits_is_accepted_with_astral_characters() -> None:
    record = largest_metadata("astral")
    assert json_bytes(METADATA_FIELDS.present(record)) > 300_000
    assert attribute_problems(record) == []


def test_a_record_that_json_makes_too_large_is_refused_with_its_size() -> None:
    record = largest_metadata("control")
    [problem] = attribute_problems(record)
    assert problem.code == "record_too_large"
    assert f"{json_bytes(METADATA_FIELDS.present(record))} bytes" in problem.detail


def cut_to_the_limit(record: Metadata) -> Metadata:
    """Return the largest accepted record with the same managed attributes and fewer keywords."""
    tags = list(record.ac_tags)
    while attribute_problems(record := replace(record, ac_tags=tuple(tags))):
        tags.pop()
    return record


def largest_derivative(kind: str) -> Derivative:
    values = longest(DERIVATIVE_FIELDS, kind) | {"derivative_type": None}
    assert not list(derivative_problems(values, None))
    return thumbnail(**values, bucket="b" * 50, created_by=USER[kind], changed_by=USER[kind])


def largest_upload(kind: str) -> ObjectUpload:
    tags = {f"{n:03}{astral(30)}": TEXTS[kind](MAX_CHARACTERS) for n in range(MAX_TAGS)}
    return upload(
        original_filename=TEXTS[kind](250),
        bucket="b" * 50,
        created_by=USER[kind],
        changed_by=USER[kind],
        image_properties=ImageProperties(exif=tags, date_time_digitized="2020-01-01T00:00:00"),
    )


def largest_term(kind: str, length: int) -> ManagedAttribute:
    return attribute(
        name=TEXTS[kind](250),
        accepted_values=tuple(TEXTS[kind](100) for _ in range(500)),
        multilingual_description=tuple(
            Description("eng", TEXTS[kind](length // 20)) for _ in range(20)
        ),
        created_by=USER[kind],
        changed_by=USER[kind],
    )


def largest_export() -> Export:
    files = [identifier(number) for number in range(10_000)]
    return Export(
        identifier=identifier(1),
        created_by=USER["astral"],
        created_on=NOON,
        name=astral(250),
        status=ExportStatus.PARTIAL,
        entries=10_000,
        bytes_total=10**12,
        problems={"file_missing": files},
        available_until=NOON,
        version=2,
    )


def item_of(record: AuditedRecord) -> Any:
    match record:
        case Metadata():
            return MetadataItem.of(record)
        case Derivative():
            return DerivativeItem.of(record)
        case ObjectUpload():
            return UploadItem.of(record)
        case ManagedAttribute() | ObjectSubtype():
            return TermItem.of(record)
        case Export():
            return ExportItem.of(record)


LARGEST: Mapping[str, AuditedRecord] = {
    "metadata, astral": largest_metadata("astral"),
    "metadata, control": cut_to_the_limit(largest_metadata("control")),
    "derivative, astral": largest_derivative("astral"),
    "derivative, control": largest_derivative("control"),
    "upload, astral": largest_upload("astral"),
    "upload, control": largest_upload("control"),
    "term, control": largest_term("control", 5000),
    "export": largest_export(),
}


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_accepted_record_and_its_snapshot_fit_into_items(name: str) -> None:
    record = LARGEST[name]
    change = describe_change(None, record, NOON)
    assert change is not None
    assert size_of(item_of(record)) <= MAX_ITEM_BYTES
    assert size_of(SnapshotItem.of(change.snapshot)) <= MAX_ITEM_BYTES
    assert len(str(change.snapshot["author"]).encode()) <= MAX_INDEX_KEY_BYTES


def test_the_deletion_of_the_largest_record_fits_as_well() -> None:
    before = LARGEST["metadata, astral"]
    assert isinstance(before, Metadata)
    after = replace(
        before, version=2, deleted_on=NOON, deleted_by=USER["astral"], cascading_since=NOON
    )
    change = describe_change(before, after, NOON)
    assert change is not None
    assert size_of(item_of(after)) <= MAX_ITEM_BYTES
    assert size_of(SnapshotItem.of(change.snapshot)) <= MAX_ITEM_BYTES


def test_a_term_that_is_too_large_is_refused_with_its_size() -> None:
    term = largest_term("control", MAX_CHARACTERS_OF_DESCRIPTIONS)
    with pytest.raises(InvalidError, match=f"at most {MAX_RECORD_BYTES} are allowed"):
        check_size(term)
    check_size(largest_term("control", 5000))
