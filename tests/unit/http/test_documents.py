"""JSON:API documents, read and written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coffer.domain.errors import ConflictError, MalformedRequestError, RequestError
from coffer.domain.listing.index_keys import Kind
from coffer.http.documents import (
    read_resource,
    resource,
    resource_of,
    resource_response,
    tag_matches,
)
from tests.unit.http.events import make_request, send_json

DATA = {"type": "metadata", "attributes": {"a": 1}}


def refusal(document: Any) -> tuple[type[RequestError], list[tuple[str, str | None]]]:
    with pytest.raises(RequestError) as refused:
        read_resource(send_json(document), "metadata")
    problems = refused.value.problems
    return type(refused.value), [(problem.code, problem.pointer) for problem in problems]


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
def test_a_document_of_another_shape_is_malformed(document: Any, pointer: str) -> None:
    kind, problems = refusal(document)
    assert kind is MalformedRequestError
    assert problems == [("malformed_document", pointer)]


def test_a_conflict_of_types_names_them_as_documents_do() -> None:
    with pytest.raises(ConflictError, match="of type 'metadata', not 'derivative'"):
        resource_of({"data": DATA | {"type": "derivative"}}, Kind.METADATA)


@pytest.mark.parametrize("given", ["derivative", "Metadata", "", None, 7, {"x": "y" * 1000}])
def test_another_type_is_a_conflict(given: object) -> None:
    kind, problems = refusal({"data": DATA | {"type": given}})
    assert kind is ConflictError
    assert problems == [("type_conflict", "/data/type")]


def test_every_unknown_member_is_told() -> None:
    kind, problems = refusal({"data": DATA | {"one": 1, "two": 2}})
    assert kind is MalformedRequestError
    assert problems == [("unknown_member", "/data")] * 2


def test_a_resource_object_has_only_what_there_is() -> None:
    assert resource("t", "i", {"a": 1}) == {"id": "i", "type": "t", "attributes": {"a": 1}}
    full = resource("t", "i", {}, relationships={"r": {}}, warnings={"w": "x"})
    assert full["relationships"] == {"r": {}}
    assert full["meta"] == {"warnings": {"w": "x"}}


def test_an_answer_links_to_itself_and_has_its_version_as_tag() -> None:
    response = resource_response(make_request(), resource("t", "i", {}), version=3)
    url = "https://coffer.example/api/v1/t/i"
    assert response.status == 200
    assert response.headers["ETag"] == '"3"'
    assert "Location" not in response.headers
    assert json.loads(response.body)["links"] == {"self": url}


def test_what_has_just_been_made_has_a_location() -> None:
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
    ],
)
def test_a_known_version_is_not_sent_again(header: str, matches: bool) -> None:
    assert tag_matches(header, '"3"') is matches
    request = make_request(headers={"if-none-match": header})
    response = resource_response(request, resource("t", "i", {}), version=3)
    assert response.status == (304 if matches else 200)
    assert response.headers["ETag"] == '"3"'
    assert bool(response.body) is not matches
