"""JSON:API documents are parsed and built."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coffer.domain.errors import ConflictError, MalformedRequestError, RequestError
from coffer.domain.listing.index_keys import Kind
from coffer.http.documents import (
    parse_resource,
    read_resource,
    resource,
    resource_response,
)
from tests.unit.http.events import make_request, send_json

DATA = {"type": "metadata", "attributes": {"a": 1}}


def errors_of(document: Any) -> tuple[type[RequestError], list[tuple[str, str | None]]]:
    with pytest.raises(RequestError) as raised:
        read_resource(send_json(document), "metadata")
    problems = raised.value.problems
    return type(raised.value), [(problem.code, problem.pointer) for problem in problems]


def test_a_resource_is_its_attributes_and_relationships() -> None:
    read = read_resource(send_json({"data": DATA | {"relationships": {"r": {}}}}), "metadata")
    assert read.attributes == {"a": 1}
    assert read.relationships == {"r": {}}


def test_relationships_may_be_left_out_and_ids_are_ignored() -> None:
    read = read_resource(
        send_json({"data": DATA | {"id": "x", "lid": "y", "meta": {}, "links": {}}}), "metadata"
    )
    assert read.relationships == {}
    assert read_resource(send_json({"data": DATA | {"relationships": None}}), "metadata")


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        (None, "/data"),
        (7, "/data"),
        ([], "/data"),
        ({}, "/data"),
        ({"data": None}, "/data"),
        ({"data": [DATA]}, "/data"),
        ({"data": {"type": "metadata"}}, "/data/attributes"),
        ({"data": {"type": "metadata", "attributes": []}}, "/data/attributes"),
        ({"data": DATA | {"relationships": []}}, "/data/relationships"),
    ],
)
def test_a_document_without_a_resource_is_malformed(document: Any, pointer: str) -> None:
    kind, problems = errors_of(document)
    assert kind is MalformedRequestError
    assert problems == [("malformed_document", pointer)]


def test_a_type_conflict_names_both_types() -> None:
    with pytest.raises(ConflictError, match="of type 'metadata', not 'derivative'"):
        parse_resource({"data": DATA | {"type": "derivative"}}, Kind.METADATA)


@pytest.mark.parametrize("given", ["derivative", "Metadata", "", None, 7, {"x": "y" * 1000}])
def test_another_type_is_a_conflict(given: object) -> None:
    kind, problems = errors_of({"data": DATA | {"type": given}})
    assert kind is ConflictError
    assert problems == [("type_conflict", "/data/type")]


def test_every_unknown_member_is_reported() -> None:
    kind, problems = errors_of({"data": DATA | {"one": 1, "two": 2}})
    assert kind is MalformedRequestError
    assert problems == [("unknown_member", "/data")] * 2


def test_a_resource_object_has_no_empty_relationships() -> None:
    assert resource("t", "i", {"a": 1}) == {"id": "i", "type": "t", "attributes": {"a": 1}}
    assert resource("t", "i", {}, relationships={"r": {}})["relationships"] == {"r": {}}


def test_a_response_links_to_itself_and_has_the_version_as_etag() -> None:
    response = resource_response(make_request(), resource("t", "i", {}), version=3)
    url = "https://coffer.example/api/v1/t/i"
    assert response.status == 200
    assert response.headers["ETag"] == '"3"'
    assert "Location" not in response.headers
    assert json.loads(response.body)["links"] == {"self": url}


def test_a_created_resource_has_a_location() -> None:
    request = make_request(headers={"if-none-match": '"1"'})
    response = resource_response(request, resource("t", "i", {}), version=1, created=True)
    assert response.status == 201
    assert response.headers["Location"] == json.loads(response.body)["links"]["self"]


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ('"3"', True),
        ('W/"3"', True),
        ('"1", "3"', True),
        ("*", True),
        ('"30"', False),
        ("3", False),
        ("", False),
        ('"1","2"', False),
        ('"1", *', False),
    ],
)
def test_a_known_version_is_not_modified(header: str, matches: bool) -> None:
    request = make_request(headers={"if-none-match": header})
    response = resource_response(request, resource("t", "i", {}), version=3)
    assert response.status == (304 if matches else 200)
    assert response.headers["ETag"] == '"3"'
    assert bool(response.body) is not matches
