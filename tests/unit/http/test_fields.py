"""The fields of metadata in request documents and in responses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffer.domain.errors import MalformedRequestError, RequestError
from coffer.domain.media_types import DcType
from coffer.domain.metadata.fields import METADATA_FIELDS
from coffer.domain.transactions.commit import ValidationErrors
from coffer.http.fields import parse_new_record, present_record
from tests.fakes.records import FILE, METADATA, metadata
from tests.unit.http.events import send_json

PERSON = {"data": {"type": "person", "id": METADATA}}


def parse(attributes: Any, relationships: Any = None) -> dict[str, Any]:
    """Return the values, or raise their problems, as use cases do."""
    data = {"type": "metadata", "attributes": attributes, "relationships": relationships}
    values = parse_new_record(send_json({"data": data}), METADATA_FIELDS)
    ValidationErrors(values).raise_if_any()
    return values


def errors_of(attributes: Any, relationships: Any = None) -> list[tuple[str, str | None]]:
    with pytest.raises(MalformedRequestError) as raised:
        parse(attributes, relationships)
    return [(problem.code, problem.pointer) for problem in raised.value.problems]


GOOD: list[tuple[str, Any, str, Any]] = [
    ("bucket", " aafc ", "bucket", "aafc"),
    ("fileIdentifier", FILE.upper(), "file_identifier", FILE),
    (
        "resourceExternalURL",
        "https://a.example/b?c",
        "resource_external_url",
        "https://a.example/b?c",
    ),
    ("resourceExternalURL", " ", "resource_external_url", None),
    ("resourceExternalURL", "FTP://a.example/b", "resource_external_url", "FTP://a.example/b"),
    ("filename", "leaf.png", "filename", "leaf.png"),
    ("filename", "   ", "filename", None),
    ("dcFormat", "image/png", "dc_format", "image/png"),
    ("dcType", "Moving Image", "dc_type", DcType.MOVING_IMAGE),
    ("dcType", "image", "dc_type", DcType.IMAGE),
    ("acCaption", "Antrodia vaillantii <-", "ac_caption", "Antrodia vaillantii <-"),
    (
        "acDigitizationDate",
        "1999-12-31T23:00:00-01:00",
        "ac_digitization_date",
        datetime(2000, 1, 1, tzinfo=UTC),
    ),
    ("xmpRightsWebStatement", "x", "xmp_rights_web_statement", "x"),
    ("dcRights", "x", "dc_rights", "x"),
    ("xmpRightsOwner", "x", "xmp_rights_owner", "x"),
    ("xmpRightsUsageTerms", "x", "xmp_rights_usage_terms", "x"),
    ("orientation", 6, "orientation", 6),
    ("acTags", ["leaf", " green ", " "], "ac_tags", ("leaf", "green")),
    ("publiclyReleasable", False, "publicly_releasable", False),
    ("notPubliclyReleasableReason", "x", "not_publicly_releasable_reason", "x"),
    ("acSubtype", "SHEET", "ac_subtype", "SHEET"),
    # Exempt from text safety, as the reference has it.
    ("managedAttributes", {" k ": " <b> "}, "managed_attributes", {"k": "<b>"}),
    ("sourceSet", "batch", "source_set", "batch"),
]


@pytest.mark.parametrize(("name", "value", "field", "kept"), GOOD)
def test_an_attribute_is_parsed(name: str, value: Any, field: str, kept: Any) -> None:
    assert parse({name: value}) == {field: kept}


@pytest.mark.parametrize("name", sorted({name for name, *_ in GOOD}))
def test_null_is_no_value(name: str) -> None:
    assert parse({name: None}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "createdBy",
        "createdOn",
        "group",
        "originalFilename",
        "xmpMetadataDate",
        "acHashFunction",
        "acHashValue",
    ],
)
def test_attributes_that_the_server_sets_are_ignored(name: str) -> None:
    assert parse({name: {"any": ["thing"]}}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bucket", 7),
        ("bucket", ["aafc"]),
        ("fileIdentifier", "nonsense"),
        ("fileIdentifier", 7),
        ("fileIdentifier", ""),
        ("resourceExternalURL", "not a url"),
        ("resourceExternalURL", "/relative"),
        ("resourceExternalURL", "http://[::1"),
        ("resourceExternalURL", "https:"),
        ("resourceExternalURL", "javascript://x/%0aalert(1)"),
        ("resourceExternalURL", "file://host/etc/passwd"),
        ("resourceExternalURL", "data:text/html,x"),
        ("resourceExternalURL", 7),
        ("filename", {"a": 1}),
        ("dcType", "sculpture"),
        ("dcType", 7),
        ("dcType", "x" * 10_000),
        ("acCaption", "<script>alert(1)</script>"),
        ("acCaption", True),
        ("acDigitizationDate", "1999-12-31"),
        ("acDigitizationDate", "1999-12-31T00:00:00"),
        ("acDigitizationDate", "0001-01-01T00:00:00+14:00"),
        ("acDigitizationDate", 946684800),
        ("orientation", "6"),
        ("orientation", 6.5),
        ("orientation", True),
        ("acTags", "leaf"),
        ("acTags", [1]),
        ("acTags", ["<img src=x>"]),
        ("publiclyReleasable", "true"),
        ("publiclyReleasable", 1),
        ("managedAttributes", []),
        ("managedAttributes", {"k": 1}),
        ("managedAttributes", {"k": None}),
    ],
)
def test_a_value_of_another_type_is_reported(name: str, value: Any) -> None:
    with pytest.raises(MalformedRequestError) as raised:
        parse({name: value})
    [problem] = raised.value.problems
    assert (problem.code, problem.pointer) == ("malformed_attribute", f"/data/attributes/{name}")
    assert problem.detail.startswith(f"{name}: ")
    assert len(problem.detail) < 200


def test_markup_is_refused_in_the_references_words() -> None:
    with pytest.raises(MalformedRequestError, match="Unaccepted value detected in attributes"):
        parse({"dcRights": "<iframe src=x>"})


def test_an_unknown_dc_type_is_named() -> None:
    with pytest.raises(MalformedRequestError, match="'sculpture' is not a valid dc type"):
        parse({"dcType": "sculpture"})


def test_all_problems_are_reported_in_the_order_of_the_document() -> None:
    assert errors_of(
        {"colour": "red", "dcType": "sculpture", "bucket": 7},
        {"dcCreator": 7, "owner": {}},
    ) == [
        ("unknown_attribute", "/data/attributes/colour"),
        ("malformed_attribute", "/data/attributes/dcType"),
        ("malformed_attribute", "/data/attributes/bucket"),
        ("malformed_relationship", "/data/relationships/dcCreator"),
        ("unknown_relationship", "/data/relationships/owner"),
    ]


@pytest.mark.parametrize(
    ("name", "token"),
    [("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("é", "é"), ("", "")],
)
def test_a_pointer_escapes_the_name(name: str, token: str) -> None:
    """RFC 6901, section 3."""
    assert errors_of({name: 1}, {name: 1}) == [
        ("unknown_attribute", f"/data/attributes/{token}"),
        ("unknown_relationship", f"/data/relationships/{token}"),
    ]


def test_a_very_long_name_is_not_repeated() -> None:
    with pytest.raises(MalformedRequestError) as raised:
        parse({"x" * 1_000_000: 1})
    [problem] = raised.value.problems
    assert problem.pointer == "/data/attributes"
    assert len(problem.detail) < 200


def test_persons_are_related_by_their_ids() -> None:
    new = parse({}, {"acMetadataCreator": PERSON, "dcCreator": {"data": None}})
    assert new == {"ac_metadata_creator": METADATA}
    assert parse({}, {"dcCreator": {"links": {}}}) == {}
    assert parse({}, {"dcCreator": PERSON}) == {"dc_creator": METADATA}


@pytest.mark.parametrize(
    "relationship",
    [
        None,
        7,
        {"data": []},
        {"data": [PERSON["data"]]},
        {"data": {"type": "person"}},
        {"data": {"type": "agent", "id": METADATA}},
        {"data": {"type": "person", "id": "nobody"}},
    ],
)
def test_a_malformed_relationship_is_reported(relationship: Any) -> None:
    assert errors_of({}, {"dcCreator": relationship}) == [
        ("malformed_relationship", "/data/relationships/dcCreator")
    ]


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=30),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), values, max_size=3)
    ),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted({name for name, *_ in GOOD}))


@given(st.dictionaries(NAMES, JSON_VALUES, max_size=4), JSON_VALUES)
def test_no_document_crashes(attributes: Any, relationships: Any) -> None:
    try:
        parse(attributes, relationships)
    except RequestError as error:
        assert error.problems  # noqa: PT017 - either is well


def test_a_record_is_presented_with_its_persons() -> None:
    record = metadata(dc_creator=FILE)
    shown = {
        "data": {"id": FILE, "type": "person"},
        "links": {"self": f"http://x/api/v1/metadata/{METADATA}/relationships/dcCreator"},
    }
    assert present_record(METADATA_FIELDS, record, "http://x") == {
        "id": METADATA,
        "type": "metadata",
        "attributes": METADATA_FIELDS.present(record),
        "relationships": {"dcCreator": shown},
    }
    assert "relationships" not in present_record(METADATA_FIELDS, metadata())
    json.dumps(present_record(METADATA_FIELDS, record))
