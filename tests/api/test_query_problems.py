"""Errors name every problem of the query parameters of a request."""

from __future__ import annotations

from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import JSON_API, describe, send, upload, upload_derivative
from tests.api.images import png
from tests.api.table_snapshots import TableSnapshot

SHORT_LISTS = ("license", "config", "media-type", "managed-attribute", "object-subtype")


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        *(
            (one, ("filter[colour]", "filter[id][IS]", "sort", "page[limit]", "page[offset]"))
            for one in SHORT_LISTS
        ),
        ("license", ("colour", "fiql", "sort")),
    ],
)
def test_a_list_names_every_wrong_parameter(
    stack: LocalStack, path: str, parameters: tuple[str, ...]
) -> None:
    query = "&".join(f"{one}=-7" for one in parameters)

    response = stack.request("GET", f"/api/v1/{path}?{query}")

    errors = response.json()["errors"]
    assert response.status == 400
    assert sorted(one["source"]["parameter"] for one in errors) == sorted(parameters)


def test_a_write_with_an_unknown_parameter_names_every_problem_and_writes_nothing(
    stack: LocalStack,
) -> None:
    """The request is tried with a good body, which must not be written, and with a bad one."""
    file, free = (upload(stack, png()).json()["fileIdentifier"] for _ in range(2))
    metadata = describe(stack, file).json()["data"]["id"]
    person = {"type": "person", "id": metadata}
    made = {"acDerivedFrom": {"data": {"type": "metadata", "id": metadata}}}
    derived = {"dcType": "IMAGE", "fileIdentifier": upload_derivative(stack, png())}
    first = {"type": "derivative", "attributes": derived, "relationships": made}
    derivative = send(stack, "POST", "/api/v1/derivative", first).json()["data"]["id"]
    derived["fileIdentifier"] = upload_derivative(stack, png())
    subtype = {"dcType": "IMAGE", "acSubtype": "DRAWING"}
    term = {"type": "object-subtype", "attributes": subtype}
    terms = send(stack, "POST", "/api/v1/object-subtype", term).json()["data"]["id"]
    description = {"descriptions": [{"lang": "en", "desc": "A description"}]}
    attribute = {"name": "Colour", "vocabularyElementType": "STRING",
                 "multilingualDescription": description}  # fmt: skip
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "metadata", {"attributes": {"bucket": "mybucket", "fileIdentifier": free}}),
        ("PATCH", f"metadata/{metadata}", {"attributes": {"acCaption": "A leaf"}}),
        ("POST", "derivative", {"attributes": derived, "relationships": made}),
        ("PATCH", f"derivative/{derivative}", {"attributes": {"dcFormat": "image/x"}}),
        ("PATCH", f"object-upload/{file}", {"attributes": {"receivedMediaType": "image/x"}}),
        ("POST", "object-subtype", {"attributes": {**subtype, "acSubtype": "MAP"}}),
        ("PATCH", f"object-subtype/{terms}", {"attributes": {"acSubtype": "MAP"}}),
        ("POST", "managed-attribute", {"attributes": attribute}),
    ]
    before = TableSnapshot(stack)
    for method, path, document in requests:
        kind, _, identifier = path.partition("/")
        data = {"type": kind, **({"id": identifier} if identifier else {}), **document}
        target = f"/api/v1/{path}?bucket=other"
        refused = send(stack, method, target, data)
        assert _sources(refused) == [("unknown_parameter", "bucket")], path
        data["attributes"] = {**data["attributes"], "colour": 1}
        refused = send(stack, method, target, data)
        assert _sources(refused) == [
            ("unknown_parameter", "bucket"),
            ("unknown_attribute", "/data/attributes/colour"),
        ], path
    too_long = {"type": "metadata", "id": metadata, "attributes": {"acCaption": "x" * 300}}
    response = send(stack, "PATCH", f"/api/v1/metadata/{metadata}?bucket=other", too_long)
    assert [one["status"] for one in response.json()["errors"]] == ["400", "422"]
    relationship = f"/api/v1/metadata/{metadata}/relationships/dcCreator?bucket=other"
    assert _sources(send(stack, "PATCH", relationship, person)) == [("unknown_parameter", "bucket")]
    person["type"] = "robot"
    assert len(_sources(send(stack, "PATCH", relationship, person))) == 2
    response = stack.request(
        "POST", "/api/v1/metadata?x=1", headers={"Content-Type": JSON_API}, body="{"
    )
    assert [code for code, _ in _sources(response)] == ["unknown_parameter", "malformed_json"]
    assert before.same_as(stack)
    too_long["attributes"] = {"acCaption": "A leaf"}
    assert send(stack, "PATCH", f"/api/v1/metadata/{metadata}", too_long).status == 200
    assert not before.same_as(stack)


def test_a_repeated_request_with_an_unknown_parameter_gets_no_stored_response(
    stack: LocalStack,
) -> None:
    attributes = {"bucket": "mybucket", "fileIdentifier": upload(stack, png()).json()["id"]}
    data, key = {"type": "metadata", "attributes": attributes}, {"Idempotency-Key": "a"}
    assert send(stack, "POST", "/api/v1/metadata", data, headers=key).status == 201
    again = send(stack, "POST", "/api/v1/metadata?x=1", data, headers=key)
    assert _sources(again) == [("unknown_parameter", "x")]


def _sources(response: Response) -> list[tuple[str, str]]:
    assert response.status == 400, response.text
    errors = response.json()["errors"]
    return [(one["code"], next(iter(one.get("source", {"": ""}).values()))) for one in errors]
