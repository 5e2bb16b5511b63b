"""Derivatives are created and updated with the rules and messages of object-store-api 1.31."""

from __future__ import annotations

from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.create import create_derivative
from coffer.domain.derivatives.record import Derivative, DerivativeType
from coffer.domain.derivatives.update import update_derivative
from coffer.domain.errors import ForbiddenError, InvalidError, RequestError
from coffer.domain.media_types import DcType
from coffer.domain.transactions.commit import Precondition
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus, UploadStatus
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.records import (
    ADMIN,
    FILE,
    METADATA,
    STRANGER,
    THUMBNAIL,
    caller,
    content,
    describe,
    identifier,
    metadata,
    thumbnail,
    upload,
)

MADE = identifier(20)
OTHER_METADATA = identifier(30)
GUEST = caller(Role.GUEST, username="gail")
ATTRIBUTES, RELATIONSHIPS = "/data/attributes", "/data/relationships"


def made(**changes: Any) -> ObjectUpload:
    """The upload of a derivative."""
    known: dict[str, Any] = {
        "file_identifier": MADE,
        "is_derivative": True,
        "original_filename": "leaf large.png",
        "thumbnail_identifier": None,
        "thumbnail_status": None,
    }
    return upload(**known | changes)


class World:
    """A described file, and the upload of a derivative."""

    def __init__(self, derived: ObjectUpload | None = None, **described: Any) -> None:
        main = upload(thumbnail_status=ThumbnailStatus.READY)
        self.uploads = InMemoryUploads(main, derived or made())
        self.catalogue = InMemoryCatalogue(self.uploads)
        describe(self.catalogue, metadata(**described))

    def create(self, who: Caller = GUEST, **given: Any) -> Derivative:
        known: dict[str, Any] = {
            "file_identifier": MADE,
            "dc_type": DcType.IMAGE,
            "ac_derived_from": METADATA,
        }
        return create_derivative(self.uploads, self.catalogue, FrozenClock(), who, known | given)

    def problems(self, **given: Any) -> list[tuple[str, str | None]]:
        with pytest.raises(RequestError) as raised:
            self.create(**given)
        return [(one.detail, one.pointer) for one in raised.value.problems]


def test_a_record_has_the_attributes_of_its_file() -> None:
    world = World()
    record = world.create(dc_format=None)
    assert (record.bucket, record.file_extension) == ("aafc", ".png")
    assert (record.ac_hash_function, record.ac_hash_value) == ("SHA-1", content().sha1_hex)
    assert (record.dc_format, record.filename) == ("image/png", "leaf large.png")
    assert record.publicly_releasable is False
    assert world.uploads.records[MADE].claimed_by == f"derivative/{record.identifier}"
    assert world.catalogue.derivative_records == {record.identifier: record}


def test_a_file_without_a_name_is_named_by_its_identifier() -> None:
    assert World(made(original_filename="")).create().filename == f"{MADE}.png"


def test_missing_attributes_are_reported_together() -> None:
    assert World().problems(file_identifier=None, ac_derived_from=None, dc_type=None) == [
        ("fileIdentifier should be provided", f"{ATTRIBUTES}/fileIdentifier"),
        ("acDerivedFrom should be provided", f"{RELATIONSHIPS}/acDerivedFrom"),
        ("dcType must not be null", f"{ATTRIBUTES}/dcType"),
    ]


@pytest.mark.parametrize("status", [UploadStatus.PENDING, UploadStatus.REJECTED])
def test_the_file_must_be_available(status: UploadStatus) -> None:
    expected = [(f"Upload with fileIdentifier:{MADE} not found", f"{ATTRIBUTES}/fileIdentifier")]
    assert World(made(status=status)).problems() == expected
    assert World(made(deleted_on=NOON)).problems() == expected


def test_the_upload_must_be_that_of_a_derivative() -> None:
    assert World().problems(file_identifier=FILE) == [
        (f"Upload with fileIdentifier:{FILE} is not a derivative", f"{ATTRIBUTES}/fileIdentifier")
    ]


@pytest.mark.parametrize("dc_format", ["text/xml", "image/png", "  "])
def test_an_uploaded_thumbnail_must_be_a_jpeg(dc_format: str) -> None:
    kind = DerivativeType.THUMBNAIL_IMAGE
    [(message, pointer)] = World().problems(derivative_type=kind, dc_format=dc_format)
    assert pointer == f"{ATTRIBUTES}/dcFormat"
    expected = (
        "Thumbnails must be a jpeg and have the media type image/jpeg."
        if dc_format.strip()
        else "A thumbnail can not be submitted without a valid DC Format."
    )
    assert message == expected
    assert World().create(derivative_type=kind, dc_format="IMAGE/JPEG").dc_format == "IMAGE/JPEG"


@pytest.mark.parametrize("who", [STRANGER, caller(Role.READ_ONLY), caller(None)])
def test_the_caller_must_be_a_guest_of_the_files_group(who: Caller) -> None:
    with pytest.raises(ForbiddenError):
        World().create(who)


def test_the_source_must_be_readable_and_in_the_same_bucket() -> None:
    world = World()
    foreign = identifier(21)
    outside = {"file_identifier": None, "resource_external_url": "https://a.example/b"}
    private = metadata(identifier=foreign, bucket="cnc", publicly_releasable=False, **outside)
    world.catalogue.metadata_records[foreign] = private
    with pytest.raises(ForbiddenError):
        world.create(ac_derived_from=foreign)
    with pytest.raises(InvalidError, match="belong to the same bucket"):
        world.create(ADMIN, ac_derived_from=foreign)
    with pytest.raises(InvalidError, match="not found"):
        world.create(ac_derived_from=identifier(99))


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (ThumbnailStatus.READY, None, False),
        (ThumbnailStatus.UNSUPPORTED, None, True),
        (ThumbnailStatus.FAILED, DerivativeType.LARGE_IMAGE, True),
        (ThumbnailStatus.UNSUPPORTED, DerivativeType.THUMBNAIL_IMAGE, False),
    ],
)
def test_a_thumbnail_is_planned_if_the_source_has_none(
    status: ThumbnailStatus, kind: DerivativeType | None, expected: bool
) -> None:
    world = World()
    main = world.uploads.records[FILE]
    world.uploads.records[FILE] = upload(
        thumbnail_status=status, claimed_by=main.claimed_by, thumbnail_identifier=None
    )
    format_ = "image/jpeg" if kind is DerivativeType.THUMBNAIL_IMAGE else None
    record = world.create(derivative_type=kind, dc_format=format_)
    made_of = world.uploads.records[MADE]
    assert (made_of.thumbnail_status is ThumbnailStatus.PENDING) is expected
    thumbnails = [one for one in world.catalogue.derivative_records.values() if one.is_generated]
    assert [one.generated_from_derivative for one in thumbnails] == [record.identifier] * expected


def test_one_thumbnail_is_planned_for_two_derivatives() -> None:
    world = World()
    world.uploads.records[FILE] = upload(
        thumbnail_status=ThumbnailStatus.UNSUPPORTED, thumbnail_identifier=None
    )
    world.uploads.records[THUMBNAIL] = made(file_identifier=THUMBNAIL)
    world.create()
    world.create(file_identifier=THUMBNAIL)
    assert world.uploads.records[THUMBNAIL].thumbnail_identifier is None


def test_changes_follow_the_same_rules() -> None:
    world = World()
    record = world.create()

    def change(**changes: Any) -> Derivative:
        return update_derivative(
            world.uploads, world.catalogue, GUEST, record.identifier, changes, Precondition()
        )

    with pytest.raises(InvalidError, match="must be a jpeg"):
        change(derivative_type=DerivativeType.THUMBNAIL_IMAGE)
    with pytest.raises(InvalidError, match="acDerivedFrom should be provided"):
        change(ac_derived_from=None)
    with pytest.raises(InvalidError, match="cannot have been made from itself"):
        change(generated_from_derivative=record.identifier)
    with pytest.raises(InvalidError) as raised:
        change(bucket="cnc", file_identifier=FILE, publicly_releasable=None)
    assert [one.code for one in raised.value.problems] == [
        "constraint_violation",
        "bucket_is_fixed",
        "file_is_fixed",
    ]
    after = change(filename=None, ac_tags=("leaf",), dc_format=None)
    assert (after.filename, after.ac_tags) == ("leaf large.png", ("leaf",))
    assert (after.dc_format, after.version, after.changed_by) == ("image/png", 2, "gail")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"ac_derived_from": OTHER_METADATA}, "acDerivedFrom"),
        ({"generated_from_derivative": None}, "generatedFromDerivative"),
    ],
)
def test_a_generated_thumbnail_stays_with_its_source(changes: dict[str, Any], name: str) -> None:
    """Derived from a public record, it would stay public after its own file became private."""
    world = World()
    world.catalogue.metadata_records[OTHER_METADATA] = metadata(identifier=OTHER_METADATA)
    before = thumbnail(generated_from_derivative=identifier(31))
    world.catalogue.derivative_records[THUMBNAIL] = before
    with pytest.raises(InvalidError, match="stays with the file that it was made from") as raised:
        update_derivative(world.uploads, world.catalogue, GUEST, THUMBNAIL, changes, Precondition())
    assert [(one.code, one.pointer) for one in raised.value.problems] == [
        ("constraint_violation", f"{RELATIONSHIPS}/{name}")
    ]


def test_a_generated_thumbnail_accepts_the_source_that_it_has() -> None:
    world = World()
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    same = {"ac_derived_from": METADATA, "generated_from_derivative": None}
    changes = {**same, "ac_tags": ("leaf",)}
    after = update_derivative(
        world.uploads, world.catalogue, GUEST, THUMBNAIL, changes, Precondition()
    )
    assert (after.ac_derived_from, after.ac_tags) == (METADATA, ("leaf",))


def test_a_cleared_media_type_of_a_generated_thumbnail_stays() -> None:
    world = World()
    world.catalogue.derivative_records[THUMBNAIL] = thumbnail()
    after = update_derivative(
        world.uploads, world.catalogue, GUEST, THUMBNAIL, {"dc_format": None}, Precondition()
    )
    assert (after.dc_format, after.version) == ("image/jpeg", 1)
