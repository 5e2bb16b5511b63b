"""Records match their response schemas, and requests are accepted if their schemas allow them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from coffer.domain.derivatives.fields import DERIVATIVE_FIELDS
from coffer.domain.fields import FieldType
from coffer.domain.listing.fields import FIELDS
from coffer.domain.listing.index_keys import Kind
from coffer.domain.media_types import DcType
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.metadata.record import Metadata
from coffer.domain.uploads.fields import OBJECT_UPLOAD_FIELDS
from coffer.domain.uploads.record import (
    Content,
    ObjectUpload,
    Rejection,
    ThumbnailStatus,
    UploadStatus,
)
from coffer.domain.vocabulary.fields import MANAGED_ATTRIBUTE_FIELDS, OBJECT_SUBTYPE_FIELDS
from coffer.http.fields import present_record
from coffer.http.vocabulary.responses import present_term
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import JSON_API
from tests.fakes.records import thumbnail
from tests.fakes.terms import attribute, subtype
from tests.openapi.described import schema_named, validator_named

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
UUID = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"

FOUND = Content(
    detected_media_type="image/png",
    detected_file_extension=".png",
    evaluated_media_type="image/png",
    evaluated_file_extension=".png",
    dc_type=DcType.IMAGE,
    size_in_bytes=67,
    sha1_hex="91bfbed99ea3ff574447a2ab340744f36621d80b",
    crc32="44dc90b4",
)
AVAILABLE = ObjectUpload(
    file_identifier=UUID,
    bucket="Aafc",
    is_derivative=False,
    original_filename="a.png",
    received_media_type="image/png",
    created_by="alice",
    created_on=NOW,
    status=UploadStatus.AVAILABLE,
    inspected_content=FOUND,
    thumbnail_identifier=UUID,
    thumbnail_status=ThumbnailStatus.READY,
    version=2,
)
UPLOADS = [
    AVAILABLE,
    replace(AVAILABLE, inspected_content=replace(FOUND, crc32=None), received_media_type=None),
    replace(AVAILABLE, inspected_content=replace(FOUND, sha1_hex=None, crc32=None)),
    replace(AVAILABLE, thumbnail_status=ThumbnailStatus.FAILED, thumbnail_failure="image_damaged"),
    replace(AVAILABLE, thumbnail_warning="image_truncated"),
    replace(AVAILABLE, is_derivative=True, thumbnail_identifier=None, thumbnail_status=None),
    replace(
        AVAILABLE,
        status=UploadStatus.REJECTED,
        inspected_content=None,
        thumbnail_identifier=None,
        thumbnail_status=None,
        rejection=Rejection(code="empty_file", detail="Can't store empty file."),
    ),
]

BARE = Metadata(
    identifier=UUID,
    bucket="Aafc",
    created_by="alice",
    created_on=NOW,
    xmp_metadata_date=NOW,
    dc_type=DcType.MOVING_IMAGE,
    dc_format="video/mp4",
    publicly_releasable=False,
    xmp_rights_web_statement="https://example.org/rights",
    dc_rights="All of them",
    xmp_rights_owner="Somebody",
    xmp_rights_usage_terms="Ask",
    resource_external_url="https://example.org/film",
)
FULL = replace(
    BARE,
    file_identifier=UUID,
    resource_external_url=None,
    original_filename="a.mp4",
    filename="a.mp4",
    file_extension=".mp4",
    ac_caption="A bird",
    ac_digitization_date=NOW,
    orientation=1,
    ac_hash_function="SHA-1",
    ac_hash_value="91bfbed99ea3ff574447a2ab340744f36621d80b",
    ac_tags=("bird",),
    not_publicly_releasable_reason="embargo",
    ac_subtype="DRAWING",
    managed_attributes={"colour": "red"},
    source_set="2026",
    ac_metadata_creator=UUID,
    dc_creator=UUID,
)


PERSONS = ["acMetadataCreator", "dcCreator"]


def members(name: str) -> list[str]:
    """Return the names of the properties of a schema."""
    return list(schema_named(name)["properties"])


def test_terms_match_their_schema() -> None:
    for term in (attribute(), attribute(accepted_values=("good",))):
        assert list(MANAGED_ATTRIBUTE_FIELDS.present(term)) == members("ManagedAttributeAttributes")
        validator_named("ManagedAttribute").validate(present_term(term))
    assert list(OBJECT_SUBTYPE_FIELDS.present(subtype())) == members("ObjectSubtypeAttributes")
    validator_named("ObjectSubtype").validate(present_term(subtype()))


@pytest.mark.parametrize("upload", UPLOADS)
def test_an_upload_matches_its_schema(upload: ObjectUpload) -> None:
    presented = OBJECT_UPLOAD_FIELDS.present(upload)
    assert list(presented) == members("ObjectUploadAttributes")
    validator_named("ObjectUploadAttributes").validate(presented)


def test_metadata_matches_its_schema() -> None:
    assert list(METADATA_FIELDS.present(FULL)) == members("MetadataAttributes")
    assert list(METADATA_FIELDS.present(BARE)) == schema_named("MetadataAttributes")["required"]
    for record in (BARE, FULL):
        shown = present_record(METADATA_FIELDS, record, "https://coffer.example")
        validator_named("Metadata").validate(shown)
    assert set(present_record(METADATA_FIELDS, FULL)["relationships"]) == set(PERSONS)


def test_a_derivative_matches_its_schema() -> None:
    bare = thumbnail()
    full = replace(bare, ac_tags=("a",), not_publicly_releasable_reason="embargo", source_set="1")
    assert list(DERIVATIVE_FIELDS.present(full)) == members("DerivativeAttributes")
    assert list(DERIVATIVE_FIELDS.present(bare)) == schema_named("DerivativeAttributes")["required"]
    for record in (bare, full):
        validator_named("ShownDerivative").validate(present_record(DERIVATIVE_FIELDS, record))


def _values_of(schema: dict[str, Any], keyword: str) -> set[str]:
    """Return the values of a keyword in a schema and in the schemas that it refers to."""
    if "$ref" in schema:
        return _values_of(schema_named(schema["$ref"].rpartition("/")[2]), keyword)
    values = schema.get(keyword, [])
    own = {values} if isinstance(values, str) else set(values)
    return own.union(*(_values_of(one, keyword) for one in schema.get("anyOf", ())))


JSON_TYPES = {
    FieldType.TEXT: {"string"},
    FieldType.URL: {"string"},
    FieldType.CHOICE: {"string"},
    FieldType.BUCKET: {"string"},
    FieldType.IDENTIFIER: {"string"},
    FieldType.TIME: {"string"},
    FieldType.INTEGER: {"integer"},
    FieldType.BOOLEAN: {"boolean"},
    FieldType.TEXTS: {"array"},
    FieldType.OBJECT: {"object"},
    FieldType.TEXT_MAP: {"object"},
}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.METADATA, "MetadataAttributes"),
        (Kind.DERIVATIVE, "DerivativeAttributes"),
        (Kind.OBJECT_UPLOAD, "ObjectUploadAttributes"),
    ],
)
def test_every_attribute_is_described_by_its_type(kind: Kind, name: str) -> None:
    described = schema_named(name)["properties"]
    assert list(described) == list(FIELDS[kind].by_name)
    for field in FIELDS[kind].attributes:
        schema = described[field.name]
        assert _values_of(schema, "type") - {"null"} == JSON_TYPES[field.type], field
        assert (schema.get("format") == "date-time") == (field.type is FieldType.TIME), field
        assert (schema.get("format") == "uuid") == (field.type is FieldType.IDENTIFIER), field
        assert _values_of(schema, "enum") <= set(field.words), field
        assert bool(_values_of(schema, "enum")) == (field.type is FieldType.CHOICE), field
        assert {one.name for one in field.members} == set(schema.get("properties", ())), field


def test_every_attribute_that_a_caller_can_set_is_described() -> None:
    described = schema_named("NewMetadataAttributes")["properties"]
    can_be_set = {name for name, schema in described.items() if _values_of(schema, "type")}
    assert can_be_set == {field.name for field in METADATA_FIELDS.writable}
    assert set(PERSONS) == {one.name for one in METADATA_FIELDS.relationships if one.writable}
    assert set(described) - can_be_set == METADATA_FIELDS.set_by_server
    assert set(members("MetadataAttributes")) == set(described)


VALUES: list[Any] = [
    None, "", " ", "text", "IMAGE", "Moving Image", "a/b", "/b", "a/", "<b>", "1 < 2", "ä/ö",
    "https://example.org/a", UUID, UUID.replace("-", ""), "2026-11-22T09:30:00Z", "2026-11-22",
    "x" * 50, "x" * 51, "x" * 150, "x" * 151, "x" * 250, "x" * 251, "x" * 255, "x" * 256, "x" * 500,
    "x" * 501, "0" * 8, "0" * 40, "0" * 64, "A" * 22 + "==", "A" * 24,
    0, 1, 8, 9, -1, 1.5, 2.0, 5 * 1024**3, 5 * 1024**3 + 1, True, False,
    [], ["a"], [1], [None], ["<b>"], {}, {"a": "b"}, {"a": 1},
    {"sha1Hex": "0" * 40}, {"sha1Hex": "0" * 39}, {"crc32": "0" * 8, "sha1Hex": "0" * 40},
    {"crc32": None},
]  # fmt: skip

# An external resource needs no other attribute, so each can be tried alone.
RESOURCE = {"bucket": "aafc", "resourceExternalURL": "https://example.org/a", "dcFormat": "a/b"}


WRITABLE = [field.name for field in METADATA_FIELDS.writable]


@pytest.mark.parametrize("name", [*WRITABLE, "createdBy", "acHashValue", "colour"])
def test_an_attribute_accepts_what_its_schema_allows(stack: LocalStack, name: str) -> None:
    validator = validator_named("NewMetadataAttributes")
    for value in VALUES:
        attributes = {**RESOURCE, name: value}
        document = {"data": {"type": "metadata", "attributes": attributes}}
        response = stack.request(
            "POST", "/api/v1/metadata", headers={"Content-Type": JSON_API}, json_body=document
        )
        assert response.status in (201, 400, 422)
        allowed = validator.is_valid(attributes)
        if name in ("acSubtype", "managedAttributes") and response.status != 201:
            assert not allowed or _has_unknown_term(response), f"{name}={value!r}: {response.text}"
            continue
        if name == "dcType" and response.status == 201:
            continue  # the schema has the usual spellings; case and punctuation are ignored
        assert (response.status == 201) == allowed, f"{name}={value!r}: {response.text}"


def _has_unknown_term(response: Response) -> bool:
    """True if the only error is that the vocabulary has no such term."""
    codes = {error["code"] for error in response.json()["errors"]}
    return codes <= {"unknown_subtype", "unknown_managed_attribute"}


@pytest.mark.parametrize(
    "name", ["originalFilename", "relativePath", "receivedMediaType", "sizeInBytes", "isDerivative",
             "checksums", "md5", "colour"],
)  # fmt: skip
def test_an_announced_file_accepts_what_its_schema_allows(stack: LocalStack, name: str) -> None:
    validator = validator_named("UploadRequest")
    for value in VALUES:
        document = {"files": [{"originalFilename": "a.png", name: value}]}
        response = stack.request("POST", "/api/v1/upload/aafc", json_body=document)
        allowed = validator.is_valid(document)
        assert (response.status == 200) == allowed, f"{name}={value!r}: {response.text}"


@pytest.mark.parametrize(
    "person",
    [
        {"data": {"type": "person", "id": UUID}}, {"data": None}, {}, None, [], "me",
        {"data": {"type": "persons", "id": UUID}}, {"data": {"type": "person", "id": "me"}},
        {"data": {"type": "person"}}, {"data": {"id": UUID}}, {"data": []},
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [*PERSONS, "owner"])
def test_a_relationship_accepts_what_its_schema_allows(
    stack: LocalStack, name: str, person: Any
) -> None:
    document: dict[str, Any] = {
        "data": {"type": "metadata", "attributes": RESOURCE, "relationships": {name: person}}
    }
    response = stack.request("POST", "/api/v1/metadata", json_body=document)
    allowed = validator_named("NewMetadataDocument").is_valid(document)
    assert (response.status == 201) == allowed, response.text


TERMS: dict[str, dict[str, Any]] = {
    "managed-attribute": {
        "name": "Colour",
        "vocabularyElementType": "STRING",
        "acceptedValues": None,
        "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "What colour."}]},
    },
    "object-subtype": {"dcType": "IMAGE", "acSubtype": "drawing"},
}
DESCRIPTIONS: list[Any] = [
    {"descriptions": [{"lang": lang, "desc": desc}]}
    for lang in ("en", "eng", "e", "engl", "e1", "")
    for desc in ("xx", "x", " ", "", "x" * 5000, "x" * 5001, "<b>")
] + [{"descriptions": []}, {"descriptions": None}, {"descriptions": [{"lang": "en"}]}]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in TERMS for name in (*TERMS[kind], "createdBy", "size")],
)
def test_a_term_accepts_what_its_schema_allows(stack: LocalStack, kind: str, name: str) -> None:
    schema = "ManagedAttribute" if kind == "managed-attribute" else "ObjectSubtype"
    validator = validator_named(f"New{schema}Document")
    for value in [*VALUES, *DESCRIPTIONS, "INTEGER"]:
        attributes = {**TERMS[kind], name: value}
        document: dict[str, Any] = {"data": {"type": kind, "attributes": attributes}}
        response = stack.request("POST", f"/api/v1/{kind}", json_body=document)
        assert response.status in (201, 400, 409, 422)
        if name == "name" and response.status == 422 and "makes a key of" in response.text:
            continue  # a schema cannot limit the length of the key
        if name == "dcType" and response.status == 201:
            stack.reset()
            continue  # the schema has the usual spellings; case and punctuation are ignored
        allowed = validator.is_valid(document)
        assert (response.status in (201, 409)) == allowed, f"{name}={value!r}: {response.text}"
