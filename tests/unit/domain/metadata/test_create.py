"""Metadata is created with the rules, messages and defaults of object-store-api 1.31."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import DerivativeType
from coffer.domain.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MalformedRequestError,
    NotFoundError,
    RecordChangedError,
    RequestError,
    TransactionCanceledError,
    UnavailableError,
)
from coffer.domain.identifiers import is_identifier
from coffer.domain.media_types import DcType
from coffer.domain.metadata.create import create_metadata
from coffer.domain.metadata.read import read_metadata
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.record import ObjectUpload, ThumbnailStatus, UploadStatus
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryUploads, with_hooks
from tests.fakes.clocks import NOON
from tests.fakes.files import PNG
from tests.fakes.hooks import once
from tests.fakes.objects import sha1_of
from tests.fakes.records import (
    ADMIN,
    FILE,
    METADATA,
    STRANGER,
    THUMBNAIL,
    caller,
    content,
    metadata,
    upload,
)

GUEST = caller(Role.GUEST, username="gail")
URL = "https://museum.example/specimen/7"


class World:
    """Tables with one upload that can be described."""

    def __init__(self, *uploads: ObjectUpload) -> None:
        self.uploads = InMemoryUploads(*(uploads or (upload(),)))
        self.catalogue = InMemoryCatalogue(self.uploads)

    def create(self, who: Caller = GUEST, **given: Any) -> Metadata:
        new = {"bucket": "aafc", "file_identifier": FILE} | given
        return create_metadata(self.uploads, self.catalogue, FrozenClock(), who, new)

    def create_external(self, **given: Any) -> Metadata:
        external = {"file_identifier": None, "resource_external_url": URL, "dc_format": "text/html"}
        return self.create(**external | given)

    def problems(self, **given: Any) -> list[tuple[type[RequestError], str, str | None]]:
        """Return the problems of a request that is refused, and assert that nothing was written."""
        before = dict(self.uploads.records)
        with pytest.raises(RequestError) as raised:
            self.create(**given)
        assert self.catalogue.metadata_records == {}
        assert self.uploads.records == before
        problems = raised.value.problems
        return [(type(raised.value), problem.detail, problem.pointer) for problem in problems]


@pytest.fixture
def world() -> World:
    return World()


def at(name: str) -> str:
    return f"/data/attributes/{name}"


# ---------------------------------------------------------------- attributes of the record


def test_a_record_has_the_attributes_of_its_file(world: World) -> None:
    made = world.create()
    assert is_identifier(made.identifier)
    assert made == metadata(identifier=made.identifier, created_by="gail")
    assert world.catalogue.metadata_records == {made.identifier: made}


def test_given_attributes_are_stored(world: World) -> None:
    given: dict[str, Any] = {
        "dc_type": DcType.DATASET,
        "ac_caption": "A leaf",
        "ac_digitization_date": datetime(1999, 1, 1, tzinfo=UTC),
        "xmp_rights_web_statement": "https://rights.example",
        "dc_rights": "CC0",
        "xmp_rights_owner": "Nobody",
        "xmp_rights_usage_terms": "Any",
        "orientation": 8,
        "ac_tags": ("leaf", "green"),
        "publicly_releasable": False,
        "not_publicly_releasable_reason": "embargo",
        "source_set": "batch 7",
        "ac_metadata_creator": METADATA,
        "dc_creator": FILE,
    }
    made = world.create(**given)
    assert {name: getattr(made, name) for name in given} == given


def test_attributes_of_the_file_cannot_be_given(world: World) -> None:
    made = world.create(dc_format="text/plain")
    assert made.dc_format == "image/png"
    assert (made.ac_hash_function, made.ac_hash_value) == ("SHA-1", sha1_of(PNG))
    assert made.original_filename == "leaf.png"
    assert made.file_extension == ".png"


def test_a_file_without_a_known_hash_is_described_without_one(world: World) -> None:
    known = world.uploads.records[FILE]
    unhashed = replace(known, inspected_content=replace(known.content, sha1_hex=None, crc32=None))
    world.uploads.replace(known, unhashed)
    made = world.create()
    assert (made.ac_hash_function, made.ac_hash_value) == (None, None)
    assert made.original_filename == "leaf.png"


def test_the_bucket_has_the_spelling_of_the_upload(world: World) -> None:
    assert world.create(bucket="AAFC").bucket == "aafc"


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [(None, "leaf.png"), ("my|file.png", "my_file.png"), ("myfile", "myfile")],
)
def test_the_file_name_defaults_to_that_of_the_upload_and_is_standardised(
    world: World, given_name: str | None, kept: str
) -> None:
    assert world.create(filename=given_name).filename == kept


def test_an_upload_without_a_name_is_described_without_one() -> None:
    made = World(upload(original_filename="")).create()
    assert (made.original_filename, made.filename) == ("", "")


def test_the_dc_type_follows_from_the_evaluated_media_type() -> None:
    # Detected as TIFF, declared as a camera's raw format, which no table knows as an image.
    raw = content(detected_media_type="image/tiff", evaluated_media_type="image/x-canon-cr2")
    assert World(upload(inspected_content=raw)).create().dc_type is DcType.IMAGE
    text = content(evaluated_media_type="text/plain")
    assert World(upload(inspected_content=text)).create().dc_type is DcType.TEXT


@pytest.mark.parametrize(
    ("media_type", "releasable", "reason"),
    [
        ("image/png", True, None),
        ("video/mp4", False, "default based on Type : Moving Image"),
        ("audio/ogg", False, "default based on Type : Sound"),
        ("text/plain", False, "default based on Type : Text"),
        ("text/csv", False, "default based on Type : Dataset"),
        ("special/type", False, "default based on Type : Undetermined"),
    ],
)
def test_images_are_public_by_default(
    media_type: str, releasable: bool, reason: str | None
) -> None:
    made = World(upload(inspected_content=content(evaluated_media_type=media_type))).create()
    assert made.publicly_releasable is releasable
    assert made.not_publicly_releasable_reason == reason


def test_a_given_reason_is_not_replaced_by_the_default(world: World) -> None:
    made = world.create(dc_type=DcType.TEXT, not_publicly_releasable_reason="draft")
    assert (made.publicly_releasable, made.not_publicly_releasable_reason) == (False, "draft")


RIGHTS = ("xmp_rights_web_statement", "dc_rights", "xmp_rights_owner", "xmp_rights_usage_terms")


@pytest.mark.parametrize("name", RIGHTS)
def test_missing_rights_get_the_defaults_of_the_deployment(world: World, name: str) -> None:
    blank: dict[str, Any] = {"bucket": "aafc", "file_identifier": FILE, name: None}

    made = create_metadata(
        world.uploads, world.catalogue, FrozenClock(), GUEST, blank, defaults={name: "A museum"}
    )

    assert getattr(made, name) == "A museum"
    assert [getattr(made, other) for other in RIGHTS if other != name] == [None] * 3
    assert (made.created_on, made.xmp_metadata_date) == (NOON, NOON)


def test_given_rights_replace_the_defaults(world: World) -> None:
    given = {"bucket": "aafc", "file_identifier": FILE, "dc_rights": "CC0"}

    made = create_metadata(
        world.uploads,
        world.catalogue,
        FrozenClock(),
        GUEST,
        given,
        defaults={"dc_rights": "A museum"},
    )

    assert made.dc_rights == "CC0"


# ---------------------------------------------------------------- external resources


def test_an_external_resource_is_described_without_a_file(world: World) -> None:
    made = world.create_external(filename="page.html")
    assert made.resource_external_url == URL
    assert (made.dc_format, made.dc_type) == ("text/html", DcType.TEXT)
    assert made.file_identifier is made.ac_hash_value is made.original_filename is None
    assert made.filename == "page.html"
    assert made.bucket == "aafc"
    assert world.catalogue.derivative_records == {}
    assert world.uploads.records[FILE].claimed_by is None


def test_an_external_resource_needs_a_media_type(world: World) -> None:
    assert world.problems(file_identifier=None, resource_external_url=URL) == [
        (InvalidError, "dcFormat must not be blank", at("dcFormat"))
    ]


def test_an_external_resource_needs_a_bucket(world: World) -> None:
    assert world.problems(bucket=None, file_identifier=None, resource_external_url=URL) == [
        (InvalidError, "fileIdentifier and bucket should be provided", at("bucket")),
        (InvalidError, "dcFormat must not be blank", at("dcFormat")),
    ]


def test_a_file_and_an_external_resource_exclude_each_other(world: World) -> None:
    assert world.problems(resource_external_url=URL) == [
        (
            InvalidError,
            "If a file is provided, an external resource cannot be defined as well.",
            at("resourceExternalURL"),
        )
    ]


# ---------------------------------------------------------------- requests that are refused


def test_a_missing_bucket_and_file_are_reported_together(world: World) -> None:
    message = "fileIdentifier and bucket should be provided"
    assert world.problems(bucket=None, file_identifier=None) == [
        (InvalidError, message, at("bucket")),
        (InvalidError, message, at("fileIdentifier")),
    ]
    assert world.problems(file_identifier=None) == [(InvalidError, message, at("fileIdentifier"))]
    assert world.problems(bucket=None) == [(InvalidError, message, at("bucket"))]


def test_an_invalid_bucket_is_malformed(world: World) -> None:
    [(kind, _, pointer)] = world.problems(bucket="-x")
    assert (kind, pointer) == (MalformedRequestError, at("bucket"))


@pytest.mark.parametrize(
    "stored",
    [
        upload(file_identifier="another"),
        upload(is_derivative=True),
        upload(status=UploadStatus.PENDING),
        upload(status=UploadStatus.PROCESSING),
        upload(status=UploadStatus.REJECTED),
        upload(deleted_on=NOON),
    ],
)
def test_only_an_available_main_file_can_be_described(stored: ObjectUpload) -> None:
    assert World(stored).problems() == [
        (
            InvalidError,
            f"object-upload with fileIdentifier not found: {FILE}",
            at("fileIdentifier"),
        )
    ]


def test_the_bucket_must_be_that_of_the_file(world: World) -> None:
    [(kind, _, pointer)] = world.problems(who=ADMIN, bucket="cnc")
    assert (kind, pointer) == (InvalidError, at("bucket"))


@pytest.mark.parametrize(
    "who", [STRANGER, caller(Role.READ_ONLY), caller(Role.READ_ONLY_ADMIN), caller(None)]
)
def test_the_caller_must_be_a_guest_of_the_group(world: World, who: Caller) -> None:
    [(kind, _, _)] = world.problems(who=who)
    assert kind is ForbiddenError


@pytest.mark.parametrize("who", [caller(Role.USER), caller(Role.SUPER_USER), ADMIN])
def test_higher_roles_may_create_metadata(world: World, who: Caller) -> None:
    assert world.create(who).created_by == who.username


def test_an_unknown_subtype_is_reported(world: World) -> None:
    assert world.problems(ac_subtype="HERBARIUM SHEET") == [
        (
            MalformedRequestError,
            "HERBARIUM SHEET is not a valid acSubtype",
            at("acSubtype"),
        )
    ]


def test_every_unknown_managed_attribute_is_reported(world: World) -> None:
    assert world.problems(managed_attributes={"one": "1", "two": "2"}) == [
        (InvalidError, f'"{key}" unknown managed attribute key', at("managedAttributes"))
        for key in ("one", "two")
    ]


LENGTHS = [
    ("filename", "filename", 255),
    ("ac_caption", "acCaption", 250),
    ("xmp_rights_web_statement", "xmpRightsWebStatement", 250),
    ("dc_rights", "dcRights", 250),
    ("xmp_rights_owner", "xmpRightsOwner", 250),
    ("xmp_rights_usage_terms", "xmpRightsUsageTerms", 500),
    ("source_set", "sourceSet", 50),
    ("not_publicly_releasable_reason", "notPubliclyReleasableReason", 1000),
]


@pytest.mark.parametrize(("attribute", "name", "longest"), LENGTHS)
def test_texts_have_maximum_lengths(world: World, attribute: str, name: str, longest: int) -> None:
    assert world.problems(**{attribute: "x" * (longest + 1)}) == [
        (InvalidError, f"{name} size must be between 0 and {longest}", at(name))
    ]
    just: dict[str, Any] = {attribute: "x" * longest}
    assert getattr(world.create(**just), attribute) == "x" * longest


@pytest.mark.parametrize(
    ("attribute", "name", "longest"),
    [("resource_external_url", "resourceExternalURL", 255), ("dc_format", "dcFormat", 150)],
)
def test_texts_of_external_resources_have_maximum_lengths(
    world: World, attribute: str, name: str, longest: int
) -> None:
    with pytest.raises(InvalidError, match=f"{name} size must be between 0 and {longest}"):
        world.create_external(**{attribute: "x" * (longest + 1)})
    assert world.create_external(**{attribute: "x" * longest})


@pytest.mark.parametrize("tags", [("t",) * 101, ("leaf", "t" * 251)])
def test_tags_have_limits(world: World, tags: tuple[str, ...]) -> None:
    [(kind, _, pointer)] = world.problems(ac_tags=tags)
    assert (kind, pointer) == (InvalidError, at("acTags"))
    assert world.create(ac_tags=("t" * 250,) * 100)


@pytest.mark.parametrize("orientation", [0, 9, -1, 10**30])
def test_an_orientation_is_a_number_of_exif(world: World, orientation: int) -> None:
    assert world.problems(orientation=orientation) == [
        (InvalidError, "orientation must be between 1 and 8", at("orientation"))
    ]


@pytest.mark.parametrize("orientation", [None, 1, 8])
def test_an_orientation_is_optional(world: World, orientation: int | None) -> None:
    assert world.create(orientation=orientation).orientation == orientation


def test_all_problems_are_reported_together(world: World) -> None:
    problems = world.problems(
        ac_caption="x" * 251, source_set="x" * 51, orientation=9, managed_attributes={"k": "v"}
    )
    assert [pointer for _, _, pointer in problems] == [
        at("orientation"),
        at("sourceSet"),
        at("acCaption"),
        at("managedAttributes"),
    ]


# ---------------------------------------------------------------- the claim


def test_metadata_claims_its_file(world: World) -> None:
    made = world.create()
    claimed = world.uploads.records[FILE]
    assert claimed.claimed_by == f"metadata/{made.identifier}"
    assert (claimed.awaiting, claimed.awaiting_since) == (None, None)
    assert claimed.version == upload().version


def test_a_file_is_described_once(world: World) -> None:
    world.create()
    with pytest.raises(ConflictError) as raised:
        world.create()
    [problem] = raised.value.problems
    assert (problem.code, problem.pointer) == ("file_already_described", at("fileIdentifier"))
    assert len(world.catalogue.metadata_records) == 1


def test_one_of_two_concurrent_requests_gets_a_conflict(world: World) -> None:
    catalogue = with_hooks(world.catalogue, before=once("commit", world.create))
    new = {"bucket": "aafc", "file_identifier": FILE}
    with pytest.raises(ConflictError):
        create_metadata(world.uploads, catalogue, FrozenClock(), GUEST, new)


def test_a_file_that_is_deleted_meanwhile_is_not_found(world: World) -> None:
    def delete() -> None:
        world.uploads.records[FILE] = upload(deleted_on=NOON)

    catalogue = with_hooks(world.catalogue, before=once("commit", delete))
    new = {"bucket": "aafc", "file_identifier": FILE}
    with pytest.raises(InvalidError, match="object-upload with fileIdentifier not found"):
        create_metadata(world.uploads, catalogue, FrozenClock(), GUEST, new)


def test_no_thumbnail_is_planned_if_it_fails_meanwhile(world: World) -> None:
    def fail() -> None:
        world.uploads.replace(upload(), upload().thumbnail_failed("image_damaged"))

    catalogue = with_hooks(world.catalogue, before=once("commit", fail))
    new = {"bucket": "aafc", "file_identifier": FILE}
    made = create_metadata(world.uploads, catalogue, FrozenClock(), GUEST, new)
    assert world.catalogue.metadata_records == {made.identifier: made}
    assert world.catalogue.derivative_records == {}
    assert world.uploads.records[FILE].claimed_by == f"metadata/{made.identifier}"


def test_a_concurrent_claim_and_a_failed_thumbnail_are_a_conflict(
    world: World,
) -> None:
    def fail_and_describe() -> None:
        world.uploads.replace(upload(), upload().thumbnail_failed("image_damaged"))
        world.create()

    catalogue = with_hooks(world.catalogue, before=once("commit", fail_and_describe))
    new = {"bucket": "aafc", "file_identifier": FILE}
    with pytest.raises(ConflictError):
        create_metadata(world.uploads, catalogue, FrozenClock(), GUEST, new)


def test_a_claim_after_the_thumbnail_failed_meanwhile_is_a_conflict(
    world: World,
) -> None:
    def fail() -> None:
        world.uploads.replace(upload(), upload().thumbnail_failed("image_damaged"))

    steps: Iterator[Callable[[], object]] = iter([fail, world.create])

    def happen(method: str) -> None:
        if method == "commit":
            next(steps)()

    catalogue = with_hooks(world.catalogue, before=happen)
    new = {"bucket": "aafc", "file_identifier": FILE}
    with pytest.raises(ConflictError):
        create_metadata(world.uploads, catalogue, FrozenClock(), GUEST, new)


def test_a_request_that_always_loses_is_unavailable(
    world: World,
) -> None:
    def refuse(method: str) -> None:
        if method == "commit":
            raise TransactionCanceledError({0: RecordChangedError(FILE)})

    catalogue = with_hooks(world.catalogue, before=refuse)
    new = {"bucket": "aafc", "file_identifier": FILE}
    with pytest.raises(UnavailableError):
        create_metadata(world.uploads, catalogue, FrozenClock(), GUEST, new)


# ---------------------------------------------------------------- the thumbnail


@pytest.mark.parametrize("releasable", [True, False])
def test_the_thumbnail_gets_a_record_with_the_metadata(world: World, releasable: bool) -> None:
    made = world.create(publicly_releasable=releasable)
    [thumbnail] = world.catalogue.derivative_records.values()
    assert thumbnail.identifier == thumbnail.file_identifier == THUMBNAIL
    assert thumbnail.object_key == f"thumbnails/aafc/{THUMBNAIL}.jpg"
    assert thumbnail.created_by == "System Generated"
    assert thumbnail.derivative_type is DerivativeType.THUMBNAIL_IMAGE
    assert (thumbnail.dc_type, thumbnail.dc_format) == (DcType.IMAGE, "image/jpeg")
    assert thumbnail.file_extension == ".jpg"
    assert thumbnail.ac_derived_from == made.identifier
    assert thumbnail.publicly_releasable is releasable
    assert thumbnail.bucket == "aafc"
    assert thumbnail.ac_hash_value is None


@pytest.mark.parametrize("status", [ThumbnailStatus.UNSUPPORTED, ThumbnailStatus.FAILED])
def test_a_file_without_a_thumbnail_has_no_record_of_one(
    status: ThumbnailStatus,
) -> None:
    identifier = THUMBNAIL if status is ThumbnailStatus.FAILED else None
    world = World(upload(thumbnail_identifier=identifier, thumbnail_status=status))
    world.create()
    assert world.catalogue.derivative_records == {}


# ---------------------------------------------------------------- reading


def read(stored: Metadata | None, who: Caller) -> Metadata:
    catalogue = InMemoryCatalogue(InMemoryUploads())
    if stored is not None:
        catalogue.metadata_records[stored.identifier] = stored
    return read_metadata(catalogue, who, METADATA)


@pytest.mark.parametrize("who", [caller(Role.READ_ONLY), ADMIN])
def test_the_group_reads_its_records(who: Caller) -> None:
    private = metadata(publicly_releasable=False)
    assert read(private, who) == private


def test_other_callers_read_public_records_only() -> None:
    assert read(metadata(publicly_releasable=True), STRANGER)
    with pytest.raises(ForbiddenError):
        read(metadata(publicly_releasable=False), STRANGER)


def test_a_missing_record_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        read(None, ADMIN)


def test_a_deleted_record_is_gone() -> None:
    with pytest.raises(GoneError) as gone:
        read(metadata(deleted_on=NOON, deleted_by="alice"), caller())
    assert gone.value.instance_id == f"metadata/{METADATA}"


def test_other_callers_cannot_see_that_a_private_record_was_deleted() -> None:
    deleted = replace(metadata(publicly_releasable=False), deleted_on=NOON)
    with pytest.raises(ForbiddenError):
        read(deleted, STRANGER)
