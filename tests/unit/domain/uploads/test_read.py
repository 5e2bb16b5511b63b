"""Reading upload records: who may, and when."""

from __future__ import annotations

from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.errors import ForbiddenError, GoneError, NotFoundError
from coffer.domain.metadata.read import describing_metadata
from coffer.domain.uploads.read import read_upload
from coffer.domain.uploads.record import ObjectUpload, UploadStatus
from tests.fakes import InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.records import ADMIN, FILE, STRANGER, caller, describe, metadata, thumbnail, upload

READER = caller(Role.READ_ONLY)


def read(stored: ObjectUpload | None, who: Caller = READER, **described: Any) -> ObjectUpload:
    uploads = InMemoryUploads(*([stored] if stored else []))
    catalogue = InMemoryCatalogue(uploads)
    if described:
        describe(catalogue, metadata(**described))
    return read_upload(uploads, catalogue, who, FILE)


@pytest.mark.parametrize("who", [READER, ADMIN])
@pytest.mark.parametrize("status", [UploadStatus.AVAILABLE, UploadStatus.REJECTED])
def test_members_of_the_group_may_read_processed_uploads(status: UploadStatus, who: Caller) -> None:
    stored = upload(status=status)
    assert read(stored, who) == stored


@pytest.mark.parametrize(
    "stored", [None, upload(status=UploadStatus.PENDING), upload(status=UploadStatus.PROCESSING)]
)
def test_an_unprocessed_upload_is_not_found(stored: ObjectUpload | None) -> None:
    with pytest.raises(NotFoundError):
        read(stored)


def test_others_may_read_an_upload_that_a_public_record_describes() -> None:
    assert read(upload(), STRANGER, publicly_releasable=True)
    for described in ({}, {"publicly_releasable": False}):
        with pytest.raises(ForbiddenError):
            read(upload(), STRANGER, **described)


def test_a_deleted_upload_is_gone_and_refers_to_its_audit() -> None:
    with pytest.raises(GoneError) as gone:
        read(upload(deleted_on=NOON))
    assert gone.value.instance_id == f"object-upload/{FILE}"


def test_a_stranger_does_not_learn_that_it_was_deleted() -> None:
    with pytest.raises(ForbiddenError):
        read(upload(deleted_on=NOON), STRANGER)


@pytest.mark.parametrize("claimed_by", [None, "", "derivative/x", "metadata/unknown"])
def test_only_a_metadata_record_describes_an_upload(claimed_by: str | None) -> None:
    catalogue = InMemoryCatalogue(InMemoryUploads())
    catalogue.derivative_records["x"] = thumbnail(identifier="x")
    assert describing_metadata(catalogue, upload(claimed_by=claimed_by)) is None
