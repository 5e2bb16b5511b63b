"""No route reveals anything about a group's records to a caller of another group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from local.gateway.api import Response
from local.resources import Route
from local.stack import LocalStack
from tests.api.clients import problems
from tests.api.images import png
from tests.security.group_records import (
    ABSENT,
    API,
    BULK,
    MARK,
    PLAIN,
    GroupRecords,
    Sent,
    form,
    json_api,
    routes,
)
from tests.security.response_rules import check

SHARED_PATHS = (
    "media-type", "license", "config", "managed-attribute", "object-subtype",
    "health", "openapi.json", "docs", "vocabulary", "resource-name-identifier", "permission-check",
)  # fmt: skip
"""Paths of resources that belong to no group."""
LISTS = ("metadata", "derivative", "object-upload", "object-export", "audit-snapshot")
"""Resource types whose lists contain records of groups."""


class Stranger:
    """A super-user of the group bicoe with no other role."""

    def __init__(self, stack: LocalStack, name: str, groups: Sequence[str]) -> None:
        assert stack.issuer is not None
        token = stack.issuer.token(name, groups)
        self._stack = stack
        self._headers = [("Authorization", f"Bearer {token}")]

    def ask(self, method: str, sent: Sent) -> Response:
        headers = [*sent.headers, *self._headers]
        return self._stack.request(method, sent.target, headers=headers, body=sent.body)


@pytest.fixture(scope="module")
def owned(secured_stack: LocalStack) -> GroupRecords:
    """Return files and records of the group aafc."""
    assert secured_stack.issuer is not None
    token = secured_stack.issuer.token("owner", ["aafc/super-user"], ["dina-admin"])
    return GroupRecords(secured_stack, [("Authorization", f"Bearer {token}")]).create()


@pytest.fixture(scope="module")
def stranger(secured_stack: LocalStack) -> Stranger:
    return Stranger(secured_stack, "mallory", ["bicoe/super-user"])


def _about_a_group(route: Route) -> bool:
    kind = route.path.removeprefix("/api/v1").strip("/").partition("/")[0]
    return kind not in SHARED_PATHS and not route.path.startswith("/{service}")


def _learns_nothing(owned: GroupRecords, response: Response, sent: Sent, about: str) -> None:
    check(sent.target, response)
    said = response.body.decode("utf-8", "replace") + str(response.headers)
    asked = sent.target.encode() + sent.body
    assert MARK not in said or MARK.encode() in asked, f"{about}: {said[:400]}"
    for name, identifier in owned.ids.items():
        if identifier.encode() not in asked and name not in ("attribute", "subtype"):
            assert identifier not in said, f"{about} names the {name}: {said[:400]}"


def test_no_route_serves_a_stranger(owned: GroupRecords, stranger: Stranger) -> None:
    asked = 0
    for route in routes(owned.stack):
        if not _about_a_group(route):
            continue
        # A grant stands for its creator, so the stranger has none of this group.
        unknown = {"grant": ABSENT} if "{grant}" in route.path else {}
        sent = owned.request(route, unknown)
        response = stranger.ask(route.method, sent)
        _learns_nothing(owned, response, sent, route.key)
        if "{" in route.path or route.method != "GET":
            assert response.status in (400, 403, 404, 405, 409, 422), (
                f"{route.key}: {response.text}"
            )
        asked += 1
    assert asked > 35
    assert owned.stack.failures == []


def test_a_grant_of_another_group_reaches_no_session(
    owned: GroupRecords, stranger: Stranger
) -> None:
    made = stranger.ask("POST", json_api(f"{API}/upload-grant/bicoe", {}, PLAIN))
    assert made.status == 201, made.text
    asked = 0
    for route in routes(owned.stack):
        if "{grant}" in route.path and "{uploadId}" in route.path:
            sent = owned.request(route, {"grant": made.json()["grant"]})
            response = stranger.ask(route.method, sent)
            _learns_nothing(owned, response, sent, route.key)
            assert problems(response) == [("404", "upload_session_not_found")]
            asked += 1
    assert asked == 5
    listing = next(
        one for one in routes(owned.stack) if one.path.endswith("{bucket}/s3/multipart/{uploadId}")
    )
    assert owned.ask("GET", owned.request(listing)).status == 200


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    "query",
    ["", "filter[bucket]=aafc", "page[limit]=1", "sort=bucket", "filter[createdBy]=owner",
     "filter[bucket][NEQ]=bicoe", "page[offset]=0", "include=derivatives", "include=acDerivedFrom",
     "filter[originalFilename][LIKE]=quagga%25", "fiql=bucket==aafc", "rsql=bucket!=bicoe"],
)  # fmt: skip
def test_lists_and_counts_contain_no_records_of_other_groups(
    owned: GroupRecords, stranger: Stranger, kind: str, query: str
) -> None:
    sent = Sent(f"{API}/{kind}?{query}")
    response = stranger.ask("GET", sent)
    assert response.status in (200, 400, 403, 404), response.text
    if "quagga" not in query:
        _learns_nothing(owned, response, sent, sent.target)
    if response.status == 200:
        document = response.json()
        assert document["data"] == []
        assert document.get("included", []) == []
        counts = [value for name, value in _numbers(document.get("meta", {})) if "otal" in name]
        assert set(counts) <= {0}


def _numbers(document: Any, name: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _numbers(value, key)
    elif isinstance(document, int) and not isinstance(document, bool):
        yield name, document


@pytest.mark.parametrize("name", ["upload", "metadata", "derivative", "export"])
def test_the_audit_of_a_record_is_hidden_from_a_stranger(
    owned: GroupRecords, stranger: Stranger, name: str
) -> None:
    kinds = {"upload": "object-upload", "export": "object-export"}
    instance = f"{kinds.get(name, name)}/{owned.ids[name]}"
    sent = Sent(f"{API}/audit-snapshot?filter[instanceId]={instance}")
    response = stranger.ask("GET", sent)
    assert response.status in (200, 400, 403, 404)
    assert response.status != 200 or response.json()["data"] == []
    _learns_nothing(owned, response, sent, sent.target)


def test_a_duplicate_upload_does_not_reveal_files_of_other_groups(
    owned: GroupRecords, stranger: Stranger
) -> None:
    """The warning names files of the caller's groups only."""
    response = stranger.ask("POST", form(f"{API}/file/bicoe", "mine.png", png()))
    assert response.status == 200, response.text
    _learns_nothing(owned, response, Sent(""), "a file")
    described = {"bucket": "bicoe", "fileIdentifier": response.json()["fileIdentifier"]}
    document = {"data": {"type": "metadata", "attributes": described}}
    sent = json_api(f"{API}/metadata", document)
    made = stranger.ask("POST", sent)
    assert made.status == 201, made.text
    _learns_nothing(owned, made, sent, "a description")
    again = stranger.ask("GET", Sent(f"{API}/metadata/{made.json()['data']['id']}?include=all"))
    _learns_nothing(owned, again, Sent(""), "a description that is read")


def test_a_file_of_another_group_is_not_reached_through_the_strangers_bucket(
    owned: GroupRecords, stranger: Stranger
) -> None:
    for file in (owned.ids["orphan"], owned.ids["upload"], owned.ids["derived file"]):
        attributes = {"bucket": "bicoe", "fileIdentifier": file}
        entry = {"type": "metadata", "attributes": attributes}
        for path, document, headers in (
            ("metadata", {"data": entry}, {}),
            ("metadata/bulk", {"data": [entry]}, BULK),
        ):
            sent = json_api(f"{API}/{path}", document, headers)
            response = stranger.ask("POST", sent)
            assert response.status in (400, 403, 404, 409, 410, 422), response.text
            _learns_nothing(owned, response, sent, path)
        for path in ("", "/thumbnail"):
            sent = Sent(f"{API}/file/bicoe/{file}{path}")
            response = stranger.ask("GET", sent)
            assert response.status in (403, 404), response.text
            _learns_nothing(owned, response, sent, sent.target)


def test_a_stranger_cannot_add_a_derivative_to_a_groups_record(
    owned: GroupRecords, stranger: Stranger
) -> None:
    target = f"{API}/file/bicoe/derivative"
    response = stranger.ask("POST", form(target, "mine.png"))
    mine = response.json()["fileIdentifier"]
    for attributes in ({"fileIdentifier": mine}, {"fileIdentifier": mine, "bucket": "bicoe"}):
        document = owned.derivation(mine)
        document["data"]["attributes"] = {"dcType": "IMAGE", **attributes}
        sent = json_api(f"{API}/derivative", document)
        response = stranger.ask("POST", sent)
        assert response.status in (400, 403, 404, 422), response.text
        _learns_nothing(owned, response, sent, "a derivative")


def test_an_export_contains_no_files_that_its_caller_may_not_read(
    owned: GroupRecords, stranger: Stranger
) -> None:
    response = stranger.ask("POST", form(f"{API}/file/bicoe", "mine.png"))
    mine = response.json()["fileIdentifier"]
    for files in ([mine, owned.ids["upload"]], [owned.ids["orphan"]], [owned.ids["derived file"]]):
        attributes = {"fileIdentifiers": files}
        document = {"data": {"type": "object-export", "attributes": attributes}}
        sent = json_api(f"{API}/object-export", document)
        response = stranger.ask("POST", sent)
        assert response.status in (400, 403, 404, 422), response.text
        _learns_nothing(owned, response, sent, "an export")


def test_after_all_requests_the_groups_records_are_unchanged(owned: GroupRecords) -> None:
    for kind, name in (("metadata", "metadata"), ("object-upload", "orphan")):
        response = owned.ask("GET", Sent(f"{API}/{kind}/{owned.ids[name]}"))
        assert response.status == 200, response.text
        assert "changed" not in response.text
