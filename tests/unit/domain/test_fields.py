"""Attributes of records in responses, snapshots and messages."""

from __future__ import annotations

from typing import Any

import pytest

from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.fields import RecordFields, missing_problems
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, OBJECT_SUBTYPE_FIELDS
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.objects import sha1_of
from tests.fakes.records import THUMBNAIL, metadata, thumbnail, upload
from tests.fakes.terms import attribute, subtype


def test_an_upload_has_the_references_attributes() -> None:
    assert OBJECT_UPLOAD_FIELDS.present(upload()) == {
        "dcType": "IMAGE",
        "createdBy": "alice",
        "createdOn": "2026-11-22T12:00:00.250000Z",
        "originalFilename": "leaf.png",
        "relativePath": None,
        "sha1Hex": sha1_of(PNG),
        "crc32": upload().content.crc32,
        "hashStatus": "AVAILABLE",
        "receivedMediaType": "image/png",
        "detectedMediaType": "image/png",
        "detectedFileExtension": ".png",
        "evaluatedMediaType": "image/png",
        "evaluatedFileExtension": ".png",
        "sizeInBytes": len(PNG),
        "bucket": "aafc",
        "isDerivative": False,
        "uploadStatus": "AVAILABLE",
        "rejectionReason": None,
        "thumbnailIdentifier": THUMBNAIL,
        "thumbnailStatus": "PENDING",
        "thumbnailFailure": None,
        "thumbnailWarning": None,
        "dateTimeDigitized": None,
        "exif": {},
        "width": None,
        "height": None,
        "orientation": None,
    }


def test_metadata_omits_the_attributes_that_the_reference_omits() -> None:
    optional: dict[str, Any] = {
        "ac_caption": "A leaf",
        "ac_tags": ("leaf",),
        "not_publicly_releasable_reason": "embargo",
        "ac_subtype": "SHEET",
    }
    plain, full = METADATA_FIELDS.present(metadata()), METADATA_FIELDS.present(metadata(**optional))
    assert set(full) - set(plain) == {
        "acCaption",
        "acTags",
        "notPubliclyReleasableReason",
        "acSubtype",
    }
    assert plain["group"] == plain["bucket"] == "aafc"
    assert plain["acDigitizationDate"] is None
    assert METADATA_FIELDS.present(metadata(ac_digitization_date=NOON))["acDigitizationDate"] == (
        "2026-11-22T12:00:00.250000Z"
    )


def test_a_derivative_without_a_type_has_null() -> None:
    assert (
        DERIVATIVE_FIELDS.present(thumbnail())["derivativeType"] == DerivativeType.THUMBNAIL_IMAGE
    )
    assert DERIVATIVE_FIELDS.present(thumbnail(derivative_type=None))["derivativeType"] is None


TABLES: list[tuple[RecordFields, object]] = [
    (OBJECT_UPLOAD_FIELDS, upload()),
    (METADATA_FIELDS, metadata()),
    (DERIVATIVE_FIELDS, thumbnail()),
    (MANAGED_ATTRIBUTE_FIELDS, attribute()),
    (OBJECT_SUBTYPE_FIELDS, subtype()),
]


@pytest.mark.parametrize(("fields", "record"), TABLES, ids=lambda one: getattr(one, "type", ""))
def test_every_row_names_a_member_of_its_record(fields: RecordFields, record: object) -> None:
    assert set(fields.by_name) == {field.name for field in fields.attributes}
    for field in fields.attributes:
        field.read(record)
    for relationship in fields.relationships:
        assert relationship.is_many or hasattr(record, relationship.attribute)


@pytest.mark.parametrize(("fields", "record"), TABLES, ids=lambda one: getattr(one, "type", ""))
def test_every_row_is_documented(fields: RecordFields, record: object) -> None:
    del record
    assert [field.name for field in fields.attributes if not field.doc] == []


def test_a_cleared_value_is_empty_or_missing() -> None:
    changes = {"ac_tags": None, "ac_caption": None, "managed_attributes": None, "dc_type": None}
    assert METADATA_FIELDS.replacements(changes) == {
        "ac_tags": (),
        "ac_caption": None,
        "managed_attributes": {},
    }
    problems = missing_problems(METADATA_FIELDS.writable, changes)
    assert [problem.detail for problem in problems] == ["dcType must not be null"]
