"""The routes of relationships (JSON:API 1.1, 6.2 and 9.4): related records, ids, and changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from coffer.adapters.dynamodb.derivatives import DerivativeItem
from coffer.adapters.dynamodb.metadata.items import MetadataItem
from coffer.domain.callers import Caller, Role
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import JSON_API, change, header, problems
from tests.fakes.clocks import NOON
from tests.fakes.records import ADMIN, METADATA, identifier, metadata, thumbnail

PERSON = {"type": "person", "id": identifier(900)}
OTHER = {"type": "derivative", "id": identifier(50)}
STRANGER = Caller(username="mallory", groups={"other": frozenset({Role.USER})})
As = Callable[[Caller], None]
RELATIONS = {
    "metadata": ("derivatives", "acMetadataCreator", "dcCreator"),
    "derivative": ("acDerivedFrom", "generatedFromDerivative"),
}


@pytest.fixture
def related(stack: LocalStack) -> LocalStack:
    """A metadata record with a creator and five derivatives; the last two are from the first."""
    MetadataItem.of(metadata(dc_creator=PERSON["id"])).save()
    for number in range(5):
        source = identifier(50) if number > 2 else None
        DerivativeItem.of(
            thumbnail(
                identifier=identifier(50 + number),
                file_identifier=identifier(70 + number),
                generated_from_derivative=source,
            )
        ).save()
    return stack


def get(stack: LocalStack, path: str) -> Response:
    return stack.request("GET", f"/api/v1/{path}")


def found(stack: LocalStack, path: str) -> list[str]:
    response = get(stack, path)
    assert response.status == 200, response.text
    return [one["id"] for one in response.json()["data"]]


def patch(stack: LocalStack, path: str, data: Any, **headers: str) -> Response:
    sent = {"Content-Type": JSON_API} | {k.replace("_", "-"): v for k, v in headers.items()}
    return stack.request("PATCH", f"/api/v1/{path}", headers=sent, json_body={"data": data})


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}".removeprefix("/api/v1/").rstrip("?")


def test_related_records_are_a_list_with_pages(related: LocalStack) -> None:
    path = f"metadata/{METADATA}/derivatives"
    every = [identifier(50 + number) for number in range(5)]

    assert found(related, path) == every
    assert found(related, f"{path}?sort=-createdOn&page[limit]=2") == every[:2:-1]
    assert found(related, f"{path}?filter[generatedFromDerivative.id]={every[0]}") == every[3:]
    assert found(related, f"{path}?page[offset]=3") == every[3:]

    shown, target = [], f"{path}?page[limit]=2&include=acDerivedFrom&fields[derivative]=dcType"
    while target:
        document = get(related, target).json()
        assert document["meta"]["totalResourceCount"] == 5
        assert [one["id"] for one in document["included"]] == [METADATA]
        assert set(document["data"][0]["attributes"]) == {"dcType"}
        shown += [one["id"] for one in document["data"]]
        target = path_of(document["links"].get("next", ""))
    assert shown == every


def test_a_relationship_has_types_and_ids_in_pages(related: LocalStack) -> None:
    path = f"metadata/{METADATA}/relationships/derivatives"
    document = get(related, f"{path}?page[limit]=3").json()
    assert document["data"] == [
        {"type": "derivative", "id": identifier(50 + number)} for number in range(3)
    ]
    assert document["meta"]["totalResourceCount"] == 5
    assert path_of(document["links"]["related"]) == f"metadata/{METADATA}/derivatives"
    assert found(related, path_of(document["links"]["next"])) == [identifier(53), identifier(54)]
    assert problems(get(related, f"{path}?include=acDerivedFrom")) == [("400", "unknown_parameter")]


def test_a_related_record_is_shown_as_its_own_route_shows_it(related: LocalStack) -> None:
    below = f"derivative/{identifier(53)}"
    for name, other in (
        ("acDerivedFrom", f"metadata/{METADATA}"),
        ("generatedFromDerivative", f"derivative/{identifier(50)}"),
    ):
        response = get(related, f"{below}/{name}")
        assert response.json()["data"] == get(related, other).json()["data"]
        assert path_of(response.json()["links"]["self"]) == f"{below}/{name}"
        kind, _, one = other.partition("/")
        linkage = get(related, f"{below}/relationships/{name}").json()
        assert linkage["data"] == {"type": kind, "id": one}
        assert path_of(linkage["links"]["related"]) == f"{below}/{name}"
    document = get(related, f"{below}/acDerivedFrom?include=derivatives").json()
    assert len(document["included"]) == 5


def test_an_empty_relationship_is_null(related: LocalStack) -> None:
    for path in (
        f"derivative/{identifier(50)}/generatedFromDerivative",
        f"metadata/{METADATA}/acMetadataCreator",
    ):
        below, _, name = path.rpartition("/")
        assert get(related, path).json()["data"] is None
        assert get(related, f"{below}/relationships/{name}").json()["data"] is None


def test_a_person_is_a_resource_of_another_service(related: LocalStack) -> None:
    linkage = get(related, f"metadata/{METADATA}/relationships/dcCreator").json()
    assert linkage["data"] == PERSON
    assert set(linkage["links"]) == {"self"}
    response = get(related, f"metadata/{METADATA}/dcCreator")
    assert problems(response) == [("404", "resource_of_another_service")]
    assert linkage["links"]["self"] in response.json()["errors"][0]["detail"]


def test_a_person_has_no_parameters_of_lists(related: LocalStack) -> None:
    for path in ("acMetadataCreator", "relationships/dcCreator"):
        response = get(related, f"metadata/{METADATA}/{path}?page[limit]=x&page[cursor]=y")
        assert problems(response) == [("400", "unknown_parameter")] * 2
    response = get(related, f"metadata/{METADATA}/acMetadataCreator?include=x&filter[y]=z")
    assert problems(response) == [("400", "unknown_parameter")] * 2


def test_every_link_of_a_shown_relationship_works(related: LocalStack) -> None:
    for path, names in (
        (f"metadata/{METADATA}?include=derivatives,dcCreator", {"derivatives", "dcCreator"}),
        (
            f"derivative/{identifier(53)}?include=acDerivedFrom,generatedFromDerivative",
            {"acDerivedFrom", "generatedFromDerivative"},
        ),
    ):
        shown = get(related, path).json()["data"]["relationships"]
        assert set(shown) == names
        for one in shown.values():
            assert get(related, path_of(one["links"]["self"])).json()["data"] == one["data"]
            if "related" in one["links"]:
                assert get(related, path_of(one["links"]["related"])).status == 200
    changed = change(related, "metadata", METADATA, acCaption="A leaf").json()["data"]
    assert set(changed["relationships"]["dcCreator"]["links"]) == {"self"}


def test_an_unknown_relationship_is_404_with_the_known_ones(related: LocalStack) -> None:
    for kind, names in RELATIONS.items():
        one = METADATA if kind == "metadata" else identifier(50)
        for path in ("friends", "relationships/friends"):
            response = get(related, f"{kind}/{one}/{path}")
            assert problems(response) == [("404", "relationship_not_found")]
            assert f"it has {', '.join(names)}." in response.json()["errors"][0]["detail"]
        response = patch(related, f"{kind}/{one}/relationships/friends", None)
        assert problems(response) == [("404", "relationship_not_found")]


def test_a_slash_at_the_end_is_redirected(related: LocalStack) -> None:
    for path in (
        f"metadata/{METADATA}/derivatives",
        f"metadata/{METADATA}/relationships/derivatives",
    ):
        response = get(related, f"{path}/?page[limit]=1")
        assert response.status == 308
        assert path_of(header(response, "location")) == f"{path}?page[limit]=1"
    response = patch(related, f"metadata/{METADATA}/relationships/dcCreator/", None)
    assert response.status == 308


def test_hidden_and_deleted_records_are_left_out(related: LocalStack, called_by: As) -> None:
    for number, more in ((51, {"publicly_releasable": False}), (52, {"deleted_on": NOON})):
        DerivativeItem.of(thumbnail(identifier=identifier(number), **more)).save()
    DerivativeItem.of(
        thumbnail(
            identifier=identifier(53), bucket="other", generated_from_derivative=identifier(51)
        )
    ).save()
    expected = [identifier(50), identifier(51), identifier(53), identifier(54)]
    assert found(related, f"metadata/{METADATA}/derivatives") == expected
    get(related, f"derivative/{identifier(53)}")  # loads the handler
    called_by(STRANGER)
    for path in ("derivatives", "relationships/derivatives"):
        document = get(related, f"metadata/{METADATA}/{path}").json()
        shown = [one["id"] for one in document["data"]]
        assert identifier(51) not in shown
        assert document["meta"]["totalResourceCount"] == len(shown)
    for path in ("generatedFromDerivative", "relationships/generatedFromDerivative"):
        assert get(related, f"derivative/{identifier(53)}/{path}").json()["data"] is None
    MetadataItem.of(metadata(publicly_releasable=False)).save()
    for path in (
        "derivatives",
        "relationships/derivatives",
        "relationships/dcCreator",
        "dcCreator",
    ):
        assert get(related, f"metadata/{METADATA}/{path}").status == 403


def test_a_relationship_is_changed(related: LocalStack) -> None:
    path = f"metadata/{METADATA}/relationships/acMetadataCreator"
    response = patch(related, path, PERSON)
    assert (response.status, response.body, header(response, "etag")) == (204, b"", '"2"')
    assert get(related, path).json()["data"] == PERSON
    assert header(patch(related, path, PERSON), "etag") == '"2"'
    assert problems(patch(related, path, None, If_Match='"1"')) == [("412", "version_changed")]
    assert patch(related, path, None, If_Match='"2"').status == 204
    assert get(related, path).json()["data"] is None

    source = f"derivative/{identifier(52)}/relationships/generatedFromDerivative"
    assert patch(related, source, OTHER).status == 204
    assert get(related, source).json()["data"] == OTHER


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("generatedFromDerivative", PERSON, ("400", "malformed_relationship")),
        ("generatedFromDerivative", [OTHER], ("400", "malformed_relationship")),
        ("generatedFromDerivative", "x", ("400", "malformed_relationship")),
        ("generatedFromDerivative", {"type": "derivative", "id": identifier(99)},
         ("422", "source_not_found")),
        ("acDerivedFrom", None, ("422", "source_required")),
    ],
)  # fmt: skip
def test_a_wrong_change_points_to_the_data(
    related: LocalStack, name: str, data: Any, problem: tuple[str, str]
) -> None:
    response = patch(related, f"derivative/{identifier(50)}/relationships/{name}", data)
    assert problems(response) == [problem]
    assert response.json()["errors"][0]["source"] == {"pointer": "/data"}


def test_a_change_needs_the_member_data(related: LocalStack) -> None:
    bodies: tuple[Any, ...] = ({}, [], {"type": "person"})
    for body in bodies:
        response = related.request(
            "PATCH",
            f"/api/v1/metadata/{METADATA}/relationships/dcCreator",
            headers={"Content-Type": JSON_API},
            json_body=body,
        )
        assert problems(response) == [("400", "malformed_document")]
    assert get(related, f"metadata/{METADATA}/relationships/dcCreator").json()["data"] == PERSON


def test_derivatives_of_metadata_cannot_be_changed_there(related: LocalStack) -> None:
    path = f"metadata/{METADATA}/relationships/derivatives"
    assert problems(patch(related, path, [])) == [("403", "relationship_is_read_only")]
    for name in RELATIONS["metadata"]:
        for method in ("POST", "DELETE"):
            target = f"/api/v1/metadata/{METADATA}/relationships/{name}"
            response = related.request(method, target, json_body={"data": []})
            assert problems(response) == [("403", "relationship_method_not_allowed")]
            assert header(response, "allow") == "GET, PATCH"
    response = related.request(
        "POST", f"/api/v1/derivative/{identifier(50)}/relationships/acDerivedFrom"
    )
    assert (response.status, header(response, "allow")) == (403, "GET, PATCH")


def test_a_reader_cannot_change_a_relationship(related: LocalStack, called_by: As) -> None:
    for kind in RELATIONS:
        patch(related, f"{kind}/x/relationships/y", None)  # loads the handlers
    called_by(Caller(username="ann", groups={metadata().bucket: frozenset({Role.READ_ONLY})}))
    for kind, one, name in (
        ("metadata", METADATA, "dcCreator"),
        ("derivative", identifier(50), "generatedFromDerivative"),
    ):
        response = patch(related, f"{kind}/{one}/relationships/{name}", None)
        assert problems(response) == [("403", "role_required")]
    called_by(ADMIN)
    assert patch(related, f"metadata/{METADATA}/relationships/dcCreator", None).status == 204
