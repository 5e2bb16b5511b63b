"""The requests of dina-ui 0.227 that differ from those of other clients.

Sources: its `FileUploadProvider`, `useMetadata`, `external-resource-edit`, `useMolecularAnalysis…`,
`RevisionsPageLayout`, `list` pages and its query builder.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from coffer import __version__
from local.stack import LocalStack
from tests.api.clients import (
    JSON_API,
    audit_entries,
    change,
    describe,
    header,
    multipart,
    problems,
    send,
    upload,
    upload_and_describe,
    upload_derivative,
)
from tests.api.images import png

AXIOS = "application/json, text/plain, */*"
EXTERNAL = {
    "bucket": "mybucket",
    "resourceExternalURL": "https://museum.example/7.jpg",
    "dcFormat": "image/jpeg",
    "fileExtension": ".jpg",
}
CHOSEN = "8c5dd3a9-6a7e-4b0c-9d1f-0c6c1a5e7b11"


def attributes_of(stack: LocalStack, path: str) -> dict[str, Any]:
    return dict(stack.request("GET", f"/api/v1/{path}").json()["data"]["attributes"])


def ids(stack: LocalStack, path: str, query: str) -> list[str]:
    response = stack.request("GET", f"/api/v1/{path}?{quote(query, safe='=&[]*;')}")
    assert response.status == 200, response.text
    return [one["id"] for one in response.json()["data"]]


@pytest.mark.parametrize("path", ["file/mybucket", "file/mybucket/derivative"])
def test_an_upload_of_axios_reads_the_resource(stack: LocalStack, path: str) -> None:
    upload(stack, png())
    headers, body = multipart(png())

    response = stack.request(
        "POST", f"/api/v1/{path}", headers={**headers, "Accept": AXIOS}, body=body
    )

    data = response.json()["data"]
    assert (response.status, data["type"]) == (200, "object-upload")
    assert data["attributes"]["originalFilename"] == response.json()["originalFilename"]
    assert data["meta"] == {
        "warnings": {"duplicate_found": "A file with the same content already exists"}
    }
    assert attributes_of(stack, f"object-upload/{data['id']}") == data["attributes"]


def test_an_empty_text_clears_an_attribute(stack: LocalStack) -> None:
    rights = {"dcRights": "© A museum", "xmpRightsWebStatement": "https://museum.example"}
    _, metadata = upload_and_describe(stack, acCaption="A leaf", **rights)
    assert attributes_of(stack, f"metadata/{metadata}")["dcRights"] == "© A museum"

    changed = change(
        stack, "metadata", metadata, dcRights="", xmpRightsWebStatement="", acCaption=""
    )

    attributes = changed.json()["data"]["attributes"]
    assert changed.status == 200
    assert (attributes["dcRights"], attributes["xmpRightsWebStatement"]) == (None, None)
    assert "acCaption" not in attributes


def test_the_extension_of_an_external_resource_is_kept(stack: LocalStack) -> None:
    created = send(
        stack, "POST", "/api/v1/metadata", {"type": "metadata", "attributes": EXTERNAL}
    ).json()["data"]
    assert created["attributes"]["fileExtension"] == ".jpg"

    changed = change(stack, "metadata", created["id"], fileExtension=".jpeg")
    assert changed.json()["data"]["attributes"]["fileExtension"] == ".jpeg"

    _, stored = upload_and_describe(stack, fileExtension=".exe")
    change(stack, "metadata", stored, fileExtension=".exe")
    assert attributes_of(stack, f"metadata/{stored}")["fileExtension"] == ".png"


def test_aliases_of_other_files_and_null_mean_nothing(stack: LocalStack) -> None:
    file, _ = upload_and_describe(stack)
    for layout in (None, {"a": [file], "b": None}):
        response = send(
            stack,
            "POST",
            "/api/v1/object-export",
            {
                "type": "object-export",
                "attributes": {
                    "fileIdentifiers": [file],
                    "filenameAliases": {CHOSEN: "other", file: None},
                    "exportLayout": layout,
                },
            },
        )
        assert response.status == 201, response.text


def test_metadata_has_its_version_and_its_last_update(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    response = change(stack, "metadata", metadata, acCaption="A leaf", resourceVersion=1)

    attributes = response.json()["data"]["attributes"]

    assert (attributes["resourceVersion"], header(response, "etag")) == (2, '"2"')
    assert attributes["lastUpdatedOn"] == attributes["xmpMetadataDate"]
    assert ids(stack, "metadata", "filter[resourceVersion][GE]=2") == [metadata]
    stack.settle(retries=True)
    [latest, _] = audit_entries(stack, f"filter[instanceId]=metadata/{metadata}")
    assert latest["changedProperties"] == ["acCaption"]


def test_a_change_of_nothing_adds_no_version(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack, acCaption="A leaf")
    term = send(stack, "POST", "/api/v1/object-subtype", {
        "type": "object-subtype", "attributes": {"dcType": "IMAGE", "acSubtype": "DRAWING"},
    }).json()["data"]["id"]  # fmt: skip
    derived = send(stack, "POST", "/api/v1/derivative", {
        "type": "derivative",
        "attributes": {"dcType": "IMAGE", "fileIdentifier": upload_derivative(stack, png())},
        "relationships": {"acDerivedFrom": {"data": {"type": "metadata", "id": metadata}}},
    }).json()["data"]["id"]  # fmt: skip
    kept: dict[str, tuple[str, dict[str, Any]]] = {
        "metadata": (metadata, {"acCaption": "A leaf"}),
        "derivative": (derived, {"dcType": "IMAGE"}),
        "object-upload": (file, {"receivedMediaType": "image/png"}),
        "object-subtype": (term, {"acSubtype": "drawing"}),
    }
    for kind, (identifier, same) in kept.items():
        before = header(stack.request("GET", f"/api/v1/{kind}/{identifier}"), "etag")
        for attributes in ({}, same):
            response = change(stack, kind, identifier, **attributes)
            assert (response.status, header(response, "etag")) == (200, before), kind
    in_bulk = send(stack, "PATCH", "/api/v1/metadata/bulk", [
        {"type": "metadata", "id": metadata, "attributes": {}},
        {"type": "metadata", "id": CHOSEN, "attributes": {}},
    ])  # fmt: skip
    assert problems(in_bulk) == [("404", "metadata_not_found")]
    stack.settle(retries=True)
    versions = audit_entries(stack, f"filter[instanceId]=metadata/{metadata}")
    assert [one["version"] for one in versions] == [1]


def test_records_are_found_by_their_ids(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack)
    upload_and_describe(stack)
    for name in ("id", "uuid"):
        assert ids(stack, "metadata", f"filter[{name}]={metadata}") == [metadata]
        assert ids(stack, "metadata", f"filter[{name}][IN]={metadata},{CHOSEN}") == [metadata]
        assert ids(stack, "object-upload", f"fiql={name}=={file}") == [file]
        assert ids(stack, "license", f"filter[{name}]=attribution-international-4")
        assert ids(stack, "config", f"filter[{name}]=file-upload") == ["file-upload"]
        assert ids(stack, "media-type", f"filter[{name}]=image/png") == ["image/png"]
        assert ids(stack, "media-type", f"fiql={name}==image/png") == ["image/png"]
    assert problems(stack.request("GET", "/api/v1/metadata?filter[uuid]=x"))[0][0] == "400"


def test_the_subtype_can_be_filtered_as_an_object(stack: LocalStack) -> None:
    send(stack, "POST", "/api/v1/object-subtype", {
        "type": "object-subtype", "attributes": {"dcType": "IMAGE", "acSubtype": "DRAWING"},
    })  # fmt: skip
    _, drawing = upload_and_describe(stack, acSubtype="DRAWING")
    upload_and_describe(stack)

    assert ids(stack, "metadata", "filter[acSubtype.acSubtype][EQ]=DRAWING") == [drawing]
    assert ids(stack, "metadata", "fiql=acSubtype.acSubtype==DRAW*") == [drawing]


@pytest.mark.parametrize(
    ("fiql", "found"),
    [
        ("name==*colour*", 2),
        ("key==leaf_colour;vocabularyElementType==STRING", 1),
        ("key==leaf_colour,key==age", 2),
        ("name!=*colour*", 1),
        ("vocabularyElementType==INTEGER", 1),
    ],
)
def test_managed_attributes_are_filtered_by_fiql(stack: LocalStack, fiql: str, found: int) -> None:
    for name, kind in (
        ("Leaf colour", "STRING"), ("Flower colour", "STRING"), ("Age", "INTEGER"),
    ):  # fmt: skip
        description = {"descriptions": [{"lang": "en", "desc": "A description"}]}
        send(stack, "POST", "/api/v1/managed-attribute", {
            "type": "managed-attribute",
            "attributes": {"name": name, "vocabularyElementType": kind,
                           "multilingualDescription": description},
        })  # fmt: skip

    assert len(ids(stack, "managed-attribute", f"fiql={fiql}")) == found


@pytest.mark.parametrize("query", ["fiql=colour==red", "fiql=(", "fiql=name==a&filter[name]=a"])
def test_wrong_fiql_of_managed_attributes_is_refused(stack: LocalStack, query: str) -> None:
    response = stack.request("GET", f"/api/v1/managed-attribute?{query}")

    [error] = response.json()["errors"]
    assert (error["status"], error["source"]) == ("400", {"parameter": "fiql"})


def test_a_free_identifier_of_the_client_is_used(stack: LocalStack) -> None:
    new = {"type": "metadata", "id": CHOSEN, "attributes": EXTERNAL}

    first = send(stack, "POST", "/api/v1/metadata", new).json()["data"]["id"]
    second = send(stack, "POST", "/api/v1/metadata", new).json()["data"]["id"]
    third = send(stack, "POST", "/api/v1/metadata", {**new, "id": "none"}).json()["data"]["id"]

    assert first == CHOSEN
    assert len({first, second, third}) == 3


def test_free_identifiers_of_the_client_are_used_in_bulk(stack: LocalStack) -> None:
    """dina-ui saves several records with one request, each with an identifier of its own."""
    other = CHOSEN.replace("8c5d", "9c5d")
    new = {"type": "metadata", "id": CHOSEN, "attributes": EXTERNAL}

    def create(*entries: dict[str, Any]) -> list[str]:
        response = send(stack, "POST", "/api/v1/metadata/bulk", list(entries))
        assert response.status == 200, response.text
        return [one["id"] for one in response.json()["data"]]

    first = create(new, new, {**new, "id": "none"}, {"type": "metadata", "attributes": EXTERNAL})
    second = create(new, {**new, "id": other})
    stack.request("DELETE", f"/api/v1/metadata/{other}")
    [third] = create({**new, "id": other})

    assert (first[0], second[1]) == (CHOSEN, other)
    assert len({*first, *second, third}) == 7
    file = upload_derivative(stack, png())
    [derivative] = send(stack, "POST", "/api/v1/derivative/bulk", [{
        "type": "derivative",
        "id": CHOSEN,
        "attributes": {"dcType": "IMAGE", "fileIdentifier": file},
        "relationships": {"acDerivedFrom": {"data": {"type": "metadata", "id": CHOSEN}}},
    }]).json()["data"]  # fmt: skip
    assert derivative["id"] == CHOSEN  # no other derivative has it


def test_the_identifier_of_a_thumbnail_to_come_cannot_be_taken(stack: LocalStack) -> None:
    own = "0193a3c4-0000-7000-8000-000000000001"

    created = send(
        stack, "POST", "/api/v1/metadata", {"type": "metadata", "id": own, "attributes": EXTERNAL}
    )

    assert created.json()["data"]["id"] != own


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "metadata/?page[limit]=1"),
        ("POST", "metadata/"),
        ("GET", f"metadata/{CHOSEN}/"),
        ("GET", f"/metadata/{CHOSEN}"),
    ],
)
def test_a_slash_too_many_is_redirected(stack: LocalStack, method: str, path: str) -> None:
    response = stack.request(method, f"/api/v1/{path}", headers={"Content-Type": JSON_API})

    assert response.status == 308
    without = path.replace("/?", "?").strip("/")
    assert header(response, "location").endswith(f"/api/v1/{without}")


def test_a_cache_asks_for_a_record_each_time(stack: LocalStack) -> None:
    """axios-cache-interceptor keeps a response with an ETag, and shows it instead of a 410."""
    _, metadata = upload_and_describe(stack)
    first = stack.request("GET", f"/api/v1/metadata/{metadata}")
    again = stack.request(
        "GET", f"/api/v1/metadata/{metadata}", headers={"If-None-Match": header(first, "etag")}
    )

    assert (first.status, again.status) == (200, 304)
    for response in (first, again):
        assert header(response, "cache-control") == "private, max-age=0, must-revalidate"


def test_every_request_may_name_optional_fields_and_a_language(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    query = "optfields[metadata]=derivatives&lang=fr"
    headers = {"Crnk-Compact": "true", "include-dina-permission": "true"}

    response = stack.request("GET", f"/api/v1/metadata/{metadata}?{query}", headers=headers)

    assert response.json()["data"]["meta"]["permissions"] == ["create", "update", "delete"]


def test_the_permissions_in_a_group_are_asked_for_in_two_steps(stack: LocalStack) -> None:
    """`usePermissionsCheck` asks which attributes count, then sends those that it knows."""

    def ask(attributes: dict[str, str]) -> dict[str, Any]:
        response = stack.request(
            "POST",
            "/api/v1/permission-check",
            headers={"Accept": AXIOS, "Content-Type": JSON_API},
            json_body={"data": {"type": "metadata", "attributes": attributes}},
        )
        assert response.status == 200, response.text
        data = response.json()["data"]
        assert (data["id"], data["type"]) == ("metadata", "permission-check")
        return dict(data["attributes"])

    first = ask({})
    known = {"group": "mybucket", "createdBy": "dev", "bucket": "mybucket"}
    second = ask({name: known[name] for name in first["evaluatedAttributes"] if name in known})

    assert first["evaluatedAttributes"] == ["group", "bucket"]
    assert second == {
        "targetType": "metadata",
        "permissions": ["read", "create", "update", "delete"],
        "permissionsProvider": "coffer",
        "evaluatedAttributes": ["group", "bucket"],
    }
    assert ask(known) == second


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"type": "person"}, [("409", "type_conflict")]),
        ({"type": ["metadata"]}, [("409", "type_conflict")]),
        ({}, [("409", "type_conflict")]),
        ({"type": "metadata", "attributes": []}, [("400", "malformed_document")]),
        (
            {"type": "metadata", "attributes": {"bucket": "a b", "group": 7, "colour": "red"}},
            [
                ("400", "malformed_attribute"),
                ("400", "malformed_attribute"),
                ("400", "unknown_attribute"),
            ],
        ),
    ],
)
def test_a_wrong_permission_check_is_refused_with_every_problem(
    stack: LocalStack, data: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    response = send(stack, "POST", "/api/v1/permission-check", data)

    assert problems(response) == expected


def test_the_system_page_reads_the_version(stack: LocalStack) -> None:
    response = stack.request("GET", "/api/v1/api-info", headers={"Accept": JSON_API})

    data = response.json()["data"]
    assert (response.status, data["type"], data["id"]) == (200, "api-info", __version__)
    assert stack.request("GET", "/api/v1/health").json()["version"] == data["id"]
    limits = attributes_of(stack, "config/file-upload")
    assert data["attributes"] == {
        "messageProducer": True,
        "messageConsumer": False,
        "attentionRequired": False,
        "moduleInfo": limits,
    }


def test_a_described_file_has_no_rights_that_nobody_named(stack: LocalStack) -> None:
    file = upload(stack, png()).json()["fileIdentifier"]

    assert describe(stack, file).json()["data"]["attributes"]["dcRights"] is None
