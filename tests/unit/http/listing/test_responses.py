"""Responses with records: members of documents, and the size of a page."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coffer import __version__
from coffer.domain.callers import Caller, Role
from coffer.domain.derivatives.record import Derivative
from coffer.domain.listing.index_keys import Kind, ListedRecord, kind_of
from coffer.domain.listing.pages import read_page
from coffer.domain.listing.related import RelatedRecords, find_related
from coffer.domain.metadata.record import Metadata
from coffer.http.listing import responses
from coffer.http.listing.queries import parse_list_query, parse_view
from coffer.http.listing.responses import page_response, record_response
from coffer.http.requests import Request
from coffer.http.responses import Response
from tests.fakes import FrozenClock, InMemoryCatalogue, InMemoryLists, InMemoryUploads
from tests.fakes.clocks import NOON
from tests.fakes.records import ADMIN, METADATA, THUMBNAIL, caller, identifier, metadata, thumbnail
from tests.fakes.records import upload as an_upload
from tests.unit.http.events import make_request

MADE = identifier(50)
ROOT = "https://coffer.example/api/v1"


Stored = tuple[InMemoryLists, InMemoryCatalogue]


def stored(*records: ListedRecord) -> Stored:
    catalogue = InMemoryCatalogue(InMemoryUploads())
    for record in records:
        if isinstance(record, Derivative):
            catalogue.derivative_records[record.identifier] = record
        elif isinstance(record, Metadata):
            catalogue.metadata_records[record.identifier] = record
    return InMemoryLists(records), catalogue


def request_for(query: str = "", path: str = "/api/v1/metadata", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_request(f"GET {path}", path=path, query=query, headers=named)


def document(response: Any) -> dict[str, Any]:
    assert response.status == 200, response.body
    found: dict[str, Any] = json.loads(response.body)
    return found


def listed(
    query: str, who: Caller, *records: ListedRecord, kind: Kind = Kind.METADATA
) -> dict[str, Any]:
    return document(list_response(query, who, *records, kind=kind))


def list_response(
    query: str, who: Caller, *records: ListedRecord, kind: Kind = Kind.METADATA
) -> Response:
    lists, catalogue = stored(*records)
    request = request_for(query, f"/api/v1/{kind}")
    wanted = parse_list_query(request, kind)
    page = read_page(lists, FrozenClock(), who, wanted.query, wanted.page)
    related = find_related(lists, catalogue, who, kind, page.records, wanted.view.include)
    return page_response(request, wanted, page, related)


def shown(
    query: str, who: Caller, record: ListedRecord, *others: ListedRecord, **headers: str
) -> dict[str, Any]:
    kind = kind_of(record)
    request = request_for(query, f"/api/v1/{kind}/x", **headers)
    view = parse_view(request, kind)
    related = find_related(*stored(record, *others), who, kind, [record], view.include)
    return document(record_response(request, record, view, related, who))


def test_a_page_has_the_total_and_the_version() -> None:
    found = listed("", caller(), metadata())
    assert found["meta"] == {"totalResourceCount": 1, "moduleVersion": __version__}
    assert found["links"] == {"self": "https://coffer.example/api/v1/metadata"}
    assert "included" not in found


def test_a_page_links_the_next_with_the_same_parameters() -> None:
    records = [metadata(identifier=identifier(number)) for number in range(5)]
    query = "filter%5Bbucket%5D=aafc&page[limit]=2&page[offset]=1&include=derivatives"
    found = listed(query, caller(), *records)
    assert [one["id"] for one in found["data"]] == [identifier(1), identifier(2)]
    following = parse_qs(urlsplit(found["links"]["next"]).query)
    assert following.pop("page[cursor]")
    assert following == {
        "filter[bucket]": ["aafc"],
        "page[limit]": ["2"],
        "include": ["derivatives"],
    }
    rest = listed(urlsplit(found["links"]["next"]).query, caller(), *records)
    assert [one["id"] for one in rest["data"]] == [identifier(3), identifier(4)]
    assert "next" not in rest["links"]


def test_a_total_that_was_not_counted_is_a_lower_bound() -> None:
    records = [metadata(identifier=identifier(number)) for number in range(5)]
    found = listed("filter[dcType]=IMAGE&page[limit]=2", caller(), *records)
    assert found["meta"]["totalResourceCount"] == 3
    assert found["meta"]["totalIsLowerBound"] is True


def test_a_page_is_cut_to_the_size_of_a_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MAX_LIST_BYTES", 4000)
    records = [
        metadata(identifier=identifier(number), ac_caption="x" * 1500) for number in range(5)
    ]
    shown_ids: list[str] = []
    query = "page[limit]=5"
    for _ in range(5):
        found = listed(query, caller(), *records)
        assert 0 < len(found["data"]) < 5
        shown_ids += [one["id"] for one in found["data"]]
        if "next" not in found["links"]:
            break
        query = urlsplit(found["links"]["next"]).query
    assert shown_ids == [identifier(number) for number in range(5)]


def test_a_record_above_the_limit_is_shown_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MAX_LIST_BYTES", 10)
    records = [metadata(identifier=identifier(number)) for number in range(2)]
    assert len(listed("", caller(), *records)["data"]) == 1


def test_an_included_record_is_shown_once() -> None:
    parent = metadata()
    made = [thumbnail(identifier=identifier(50 + number)) for number in range(3)]
    found = listed("include=acDerivedFrom", caller(), parent, *made, kind=Kind.DERIVATIVE)
    assert [one["id"] for one in found["included"]] == [METADATA]
    linkage = {"type": "metadata", "id": METADATA}
    shown = [one["relationships"]["acDerivedFrom"]["data"] for one in found["data"]]
    assert shown == [linkage] * 3


def test_fields_restrict_attributes_and_relationships() -> None:
    record = metadata(dc_creator=identifier(9), ac_metadata_creator=identifier(8))
    found = listed("fields[metadata]=filename,dcCreator", caller(), record)
    assert found["data"] == [
        {
            "id": METADATA,
            "type": "metadata",
            "attributes": {"filename": "leaf.png"},
            "relationships": {
                "dcCreator": {
                    "data": {"type": "person", "id": identifier(9)},
                    "links": {"self": f"{ROOT}/metadata/{METADATA}/relationships/dcCreator"},
                },
            },
        }
    ]
    nothing = listed("fields[metadata]=", caller(), record)
    assert nothing["data"] == [{"id": METADATA, "type": "metadata", "attributes": {}}]


def test_a_relationship_that_is_not_set_is_left_out() -> None:
    found = shown("include=generatedFromDerivative,acDerivedFrom", caller(), thumbnail())
    url = f"{ROOT}/derivative/{THUMBNAIL}"
    assert found["data"]["relationships"] == {
        "acDerivedFrom": {
            "data": {"type": "metadata", "id": METADATA},
            "links": {
                "self": f"{url}/relationships/acDerivedFrom",
                "related": f"{url}/acDerivedFrom",
            },
        }
    }
    assert found["included"] == []


def test_a_derivative_includes_its_sources() -> None:
    made = thumbnail(identifier=MADE, generated_from_derivative=THUMBNAIL)
    found = shown(
        "include=generatedFromDerivative,acDerivedFrom", caller(), made, thumbnail(), metadata()
    )
    assert {(one["type"], one["id"]) for one in found["included"]} == {
        ("derivative", THUMBNAIL),
        ("metadata", METADATA),
    }


def test_deleted_and_unreadable_records_are_not_included() -> None:
    made = thumbnail(identifier=MADE, generated_from_derivative=THUMBNAIL)
    stranger = Caller(username="mallory")
    private = metadata(publicly_releasable=False)
    gone = thumbnail(deleted_on=NOON)
    found = shown("include=generatedFromDerivative,acDerivedFrom", stranger, made, gone, private)
    assert found["included"] == []
    assert set(found["data"]["relationships"]) == {"generatedFromDerivative", "acDerivedFrom"}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (caller(Role.READ_ONLY), []),
        (caller(Role.GUEST), ["create", "update"]),
        (caller(Role.USER), ["create", "update"]),
        (caller(Role.SUPER_USER), ["create", "update", "delete"]),
        (ADMIN, ["create", "update", "delete"]),
    ],
)
def test_permissions_are_shown_on_request(who: Caller, expected: list[str]) -> None:
    found = shown("", who, metadata(), include_dina_permission="true")
    assert found["data"]["meta"] == {"permissionsProvider": "coffer", "permissions": expected}
    assert "meta" not in shown("", who, metadata())["data"]


def test_permissions_differ_by_kind() -> None:
    found = shown("", caller(Role.USER), thumbnail(), include_dina_permission="1")
    assert found["data"]["meta"]["permissions"] == ["create", "update", "delete"]
    request = request_for(path="/api/v1/object-upload/x", include_dina_permission="1")
    view = parse_view(request, Kind.OBJECT_UPLOAD)
    duplicate = an_upload(duplicate_found=True)
    for who, expected in ((ADMIN, ["update", "delete"]), (caller(Role.SUPER_USER), [])):
        response = record_response(request, duplicate, view, RelatedRecords(), who)
        meta = document(response)["data"]["meta"]
        assert meta["permissions"] == expected
        assert "duplicate_found" in meta["warnings"]


def test_an_etag_does_not_cover_included_records() -> None:
    for query, status in (
        ("", 304),
        ("fields[metadata]=filename", 304),
        ("include=derivatives", 200),
    ):
        request = request_for(query, if_none_match='"1"')
        view = parse_view(request, Kind.METADATA)
        response = record_response(request, metadata(), view, RelatedRecords(), caller())
        assert response.status == status, query


def test_only_included_relationships_are_read() -> None:
    found = find_related(
        *stored(metadata(), thumbnail()), caller(), Kind.METADATA, [metadata()], ("dcCreator",)
    )
    assert found == RelatedRecords()
