"""Contract of the Catalogue port, for its fake and for DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from coffer.adapters.dynamodb.transactions.catalogue import DynamoCatalogue
from coffer.adapters.dynamodb.uploads.uploads import DynamoUploads
from coffer.domain.callers import SYSTEM_GENERATED
from coffer.domain.derivatives.record import Derivative
from coffer.domain.errors import (
    RecordChangedError,
    RecordError,
    RecordExistsError,
    TransactionCanceledError,
)
from coffer.domain.media_types import DcType
from coffer.domain.metadata.ports import Catalogue
from coffer.domain.metadata.record import Metadata
from coffer.domain.transactions.actions import Add, DeriveFrom, Replace
from coffer.domain.transactions.tombstones import tombstone_expiry
from coffer.domain.uploads.image_properties import NO_PROPERTIES
from coffer.domain.uploads.ports import Uploads
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus, UploadStatus
from tests.fakes import InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.records import (
    FILE,
    METADATA,
    THUMBNAIL,
    describe,
    identifier,
    metadata,
    thumbnail,
    upload,
)

URL = "https://museum.example/7"


@dataclass
class Tables:
    """The ports of uploads and of the records that describe them."""

    uploads: Uploads
    catalogue: Catalogue


@pytest.fixture(params=["in memory", "DynamoDB"])
def tables(request: pytest.FixtureRequest) -> Tables:
    if request.param == "in memory":
        uploads = InMemoryUploads()
        return Tables(uploads, InMemoryCatalogue(uploads))
    request.getfixturevalue("stack")
    return Tables(DynamoUploads(), DynamoCatalogue())


@contextmanager
def refused(*reasons: type[RecordError]) -> Iterator[None]:
    """Assert that the block's transaction is cancelled for these reasons, in their order."""
    with pytest.raises(TransactionCanceledError) as error:
        yield
    found = [type(reason) for _, reason in sorted(error.value.reasons.items())]
    assert found == list(reasons)


def external(**changes: Any) -> Metadata:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "file_identifier",
            "original_filename",
            "filename",
            "file_extension",
            "ac_hash_function",
            "ac_hash_value",
        )
    )
    return metadata(**nothing | {"resource_external_url": URL} | changes)


METADATA_RECORDS: dict[str, Metadata] = {
    "of a file": metadata(),
    "of a file without a name": metadata(original_filename="", filename="", file_extension=""),
    "of something outside": external(),
    "with everything": metadata(
        dc_type=DcType.MOVING_IMAGE,
        publicly_releasable=False,
        not_publicly_releasable_reason="embargo",
        ac_caption="Käfer 标本",
        ac_digitization_date=datetime(999, 1, 1, tzinfo=UTC),
        orientation=8,
        ac_tags=("leaf", "Käfer"),
        ac_subtype="SHEET",
        managed_attributes={"key": "value"},
        source_set="batch",
        ac_metadata_creator=METADATA,
        dc_creator=FILE,
        deleted_on=NOON,
        deleted_by="root",
        version=7,
    ),
}


@pytest.mark.parametrize("record", METADATA_RECORDS.values(), ids=METADATA_RECORDS)
def test_metadata_is_read_as_it_was_written(tables: Tables, record: Metadata) -> None:
    tables.uploads.add(upload())
    describe(tables.catalogue, record)
    assert tables.catalogue.metadata(METADATA) == record


@pytest.mark.parametrize(
    "record",
    [
        thumbnail(),
        thumbnail(
            derivative_type=None,
            filename="leaf.jpg",
            ac_hash_function="SHA-1",
            ac_hash_value="0" * 40,
            publicly_releasable=False,
            deleted_on=NOON,
            deleted_by="root",
            version=2,
        ),
    ],
    ids=["generated", "with everything"],
)
def test_a_thumbnails_record_is_read_as_it_was_written(tables: Tables, record: Derivative) -> None:
    tables.uploads.add(upload())
    describe(tables.catalogue, metadata(), record)
    assert tables.catalogue.derivative(THUMBNAIL) == record


def test_a_record_that_was_never_added_is_absent(tables: Tables) -> None:
    assert tables.catalogue.metadata(METADATA) is None
    assert tables.catalogue.derivative(THUMBNAIL) is None


def test_adding_metadata_claims_the_upload(tables: Tables) -> None:
    before = tables.uploads.add(upload())
    describe(tables.catalogue, metadata())
    claimed = tables.uploads.get(FILE)
    assert claimed is not None
    assert claimed.claimed_by == f"metadata/{METADATA}"
    assert (claimed.awaiting, claimed.awaiting_since) == (None, None)
    assert claimed.revision == before.revision + 1
    assert claimed.version == before.version


def test_a_claim_changes_the_revision_of_the_upload(tables: Tables) -> None:
    before = tables.uploads.add(upload())
    describe(tables.catalogue, metadata())
    with pytest.raises(RecordChangedError):
        tables.uploads.replace(before, before.thumbnail_ready(NO_PROPERTIES))


def test_an_upload_can_be_claimed_once_only(tables: Tables) -> None:
    tables.uploads.add(upload())
    describe(tables.catalogue, metadata())
    second = identifier(9)
    with refused(RecordExistsError):
        describe(tables.catalogue, metadata(identifier=second), thumbnail())
    assert tables.catalogue.metadata(second) is None
    assert tables.catalogue.derivative(THUMBNAIL) is None
    claimed = tables.uploads.get(FILE)
    assert claimed is not None
    assert claimed.claimed_by == f"metadata/{METADATA}"


@pytest.mark.parametrize(
    "stored",
    [
        None,
        upload(status=UploadStatus.PENDING),
        upload(status=UploadStatus.PROCESSING),
        upload(status=UploadStatus.REJECTED),
        upload(deleted_on=NOON),
    ],
    ids=["none", "pending", "processing", "rejected", "deleted"],
)
def test_nothing_is_written_if_the_upload_cannot_be_claimed(
    tables: Tables, stored: ObjectUpload | None
) -> None:
    before = tables.uploads.add(stored) if stored else None
    with refused(RecordChangedError):
        describe(tables.catalogue, metadata(), thumbnail())
    assert tables.catalogue.metadata(METADATA) is None
    assert tables.catalogue.derivative(THUMBNAIL) is None
    assert tables.uploads.get(FILE) == before


def test_metadata_with_a_failed_thumbnail_is_refused(tables: Tables) -> None:
    before = tables.uploads.add(upload(thumbnail_status=ThumbnailStatus.FAILED))
    with refused(RecordChangedError):
        describe(tables.catalogue, metadata(), thumbnail())
    assert tables.uploads.get(FILE) == before
    describe(tables.catalogue, metadata())


def test_a_new_derivative_cancels_an_earlier_plan_for_its_source(tables: Tables) -> None:
    describe(tables.catalogue, external())
    before = tables.catalogue.metadata(METADATA)
    assert before is not None
    entry = DeriveFrom(metadata_identifier=METADATA, bucket="AAFC", derivative=THUMBNAIL)
    tables.catalogue.commit([Add(thumbnail()), entry])
    with refused(RecordChangedError):
        tables.catalogue.commit([Replace(before, replace(before, bucket="cnc", version=2))])
    current = tables.catalogue.metadata(METADATA)
    assert current == replace(before, latest_derivative=THUMBNAIL)
    tables.catalogue.commit([Replace(current, replace(current, ac_caption="leaf", version=2))])
    changed = tables.catalogue.metadata(METADATA)
    assert changed is not None
    assert (changed.version, changed.latest_derivative) == (2, THUMBNAIL)


@pytest.mark.parametrize("changes", [{"bucket": "cnc"}, {"deleted_on": NOON}, None], ids=str)
def test_a_derivative_is_refused_if_its_source_moved_or_was_deleted(
    tables: Tables, changes: dict[str, Any] | None
) -> None:
    if changes is not None:
        describe(tables.catalogue, external(**changes))
    entry = DeriveFrom(metadata_identifier=METADATA, bucket="aafc", derivative=THUMBNAIL)
    with refused(RecordChangedError):
        tables.catalogue.commit([Add(thumbnail()), entry])
    assert tables.catalogue.derivative(THUMBNAIL) is None


def test_a_removed_thumbnail_leaves_a_tombstone(tables: Tables) -> None:
    tables.uploads.add(upload())
    describe(tables.catalogue, metadata(), thumbnail())
    tables.catalogue.remove_thumbnail(THUMBNAIL, NOON)
    tables.catalogue.remove_thumbnail(THUMBNAIL, NOON)
    expected = thumbnail(
        deleted_on=NOON,
        deleted_by=SYSTEM_GENERATED,
        expires_at=tombstone_expiry(THUMBNAIL, NOON),
        version=2,
    )
    assert tables.catalogue.derivative(THUMBNAIL) == expected


def test_removing_an_unknown_thumbnail_changes_nothing(tables: Tables) -> None:
    tables.catalogue.remove_thumbnail(THUMBNAIL, NOON)
    assert tables.catalogue.derivative(THUMBNAIL) is None


def test_metadata_of_an_external_resource_claims_no_upload(tables: Tables) -> None:
    before = tables.uploads.add(upload())
    describe(tables.catalogue, external())
    describe(tables.catalogue, external(identifier=identifier(9)))
    assert tables.uploads.get(FILE) == before
