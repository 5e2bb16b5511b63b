"""Thumbnails and derivatives of a private file are private, in every way to reach them."""

from __future__ import annotations

from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import (
    JSON_API,
    delete,
    derive,
    describe,
    header,
    problems,
    send,
    upload,
    upload_derivative,
)
from tests.api.images import png
from tests.security.tokens.people import Person

API = "/api/v1"
BULK = {"Content-Type": f"{JSON_API}; ext=bulk"}


class Published:
    """A file of the group alpha with a generated thumbnail, and a stranger who looks for it."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.owner = Person(stack, "owner", "alpha/super-user")
        self.stranger = Person(stack, "mallory", "bicoe/super-user")
        uploaded = upload(self.owner, png(), bucket="alpha").json()
        self.file, self.thumbnail = uploaded["fileIdentifier"], uploaded["thumbnailIdentifier"]
        described = describe(self.owner, self.file, bucket="alpha", publiclyReleasable=True)
        self.metadata = described.json()["data"]["id"]
        stack.settle(retries=True)

    def release(self, is_public: bool) -> None:
        attributes = {"publiclyReleasable": is_public}
        entry = {"type": "metadata", "id": self.metadata, "attributes": attributes}
        response = send(self.owner, "PATCH", f"{API}/metadata/bulk", [entry], headers=BULK)
        assert response.status == 200, response.text

    def direct(self, who: Person) -> dict[str, int]:
        """Return the status of every request that names the thumbnail or its file."""
        loaded = [{"type": "derivative", "id": self.thumbnail}]
        export = {"type": "object-export", "attributes": {"fileIdentifiers": [self.thumbnail]}}
        responses: dict[str, Response] = {
            "by file": who.request("GET", f"{API}/file/alpha/{self.file}/thumbnail"),
            "by id": who.request("GET", f"{API}/file/alpha/derivative/{self.thumbnail}"),
            "HEAD": who.request("HEAD", f"{API}/file/alpha/derivative/{self.thumbnail}"),
            "record": who.request("GET", f"{API}/derivative/{self.thumbnail}"),
            "bulk-load": send(who, "POST", f"{API}/derivative/bulk-load", loaded, headers=BULK),
            "export": send(who, "POST", f"{API}/object-export", export),
        }
        return {name: response.status for name, response in responses.items()}

    def listed(self, who: Person) -> list[dict[str, Any]]:
        """Return the lists that could show the thumbnail."""
        public = "filter[publiclyReleasable][EQ]=true"
        targets = (
            f"derivative?{public}",
            f"derivative?{public}&filter[bucket][EQ]=alpha",
            f"derivative?{public}&filter[createdBy][EQ]=System Generated",
            f"derivative?{public}&page[limit]=1",
        )
        lists = []
        for target in targets:
            response = who.request("GET", f"{API}/{target}".replace(" ", "%20"))
            assert response.status == 200, response.text
            lists.append(response.json())
        return lists


@pytest.fixture
def published(secured_stack: LocalStack) -> Published:
    return Published(secured_stack)


def test_the_thumbnail_of_a_file_made_private_is_private(published: Published) -> None:
    stranger = published.stranger
    found = {"by file": 200, "by id": 200, "HEAD": 200, "record": 200, "bulk-load": 200}
    assert published.direct(stranger) == found | {"export": 201}
    assert all(published.thumbnail in str(shown) for shown in published.listed(stranger))
    published.release(False)
    assert published.direct(stranger) == dict.fromkeys(found, 403) | {"export": 422}
    for shown in published.listed(stranger):
        assert published.thumbnail not in str(shown)
        assert (shown["data"], shown["meta"]["totalResourceCount"]) == ([], 0)
    assert published.direct(published.owner) == found | {"export": 201}
    published.release(True)
    assert published.direct(stranger) == found | {"export": 201}


def test_a_thumbnail_cannot_be_derived_from_another_public_record(published: Published) -> None:
    """Otherwise a GUEST could keep a private picture public."""
    owner, guest = published.owner, Person(published.stack, "guest", "alpha/guest")
    other = upload(owner, png(), bucket="alpha", name="b.png").json()["fileIdentifier"]
    described = describe(owner, other, bucket="alpha", publiclyReleasable=True).json()["data"]
    source = {"acDerivedFrom": {"data": {"type": "metadata", "id": described["id"]}}}
    entry = {"type": "derivative", "id": published.thumbnail, "relationships": source}
    path = f"{API}/derivative/{published.thumbnail}"
    refused = send(guest, "PATCH", path, entry)
    assert problems(refused) == [("422", "constraint_violation")]
    assert send(guest, "PATCH", f"{API}/derivative/bulk", [entry], headers=BULK).status == 422
    published.release(False)
    assert set(published.direct(published.stranger).values()) == {403, 422}


def test_both_paths_hide_a_thumbnail_whose_record_was_withdrawn(published: Published) -> None:
    owner, stranger = published.owner, published.stranger

    def statuses(who: Person) -> list[int]:
        found = published.direct(who)
        return [found[name] for name in ("by file", "by id", "HEAD", "record")]

    for is_public, status in ((False, 403), (True, 200)):
        attributes = {"publiclyReleasable": is_public}
        entry = {"type": "derivative", "id": published.thumbnail, "attributes": attributes}
        path = f"{API}/derivative/{published.thumbnail}"
        assert send(owner, "PATCH", path, entry).status == 200
        assert (statuses(owner), statuses(stranger)) == ([200] * 4, [status] * 4)
    assert delete(owner, "derivative", published.thumbnail).status == 204
    published.stack.settle(retries=True)
    assert (statuses(owner), statuses(stranger)) == ([410] * 4, [410] * 4)
    assert owner.request("GET", f"{API}/file/alpha/{published.file}").status == 200


def test_both_paths_of_a_thumbnail_have_the_rights_of_its_file(secured_stack: LocalStack) -> None:
    """From the upload on, while it is made, with and without metadata, until it is deleted."""
    owner = Person(secured_stack, "owner", "alpha/read-only", "alpha/super-user")
    stranger = Person(secured_stack, "mallory", "bicoe/super-user")
    uploaded = upload(owner, png(), bucket="alpha").json()
    file = uploaded["fileIdentifier"]
    paths = (
        f"{API}/file/alpha/derivative/{uploaded['thumbnailIdentifier']}",
        f"{API}/file/alpha/{file}/thumbnail",
    )

    def statuses(who: Person) -> list[int]:
        return [who.request(method, path).status for path in paths for method in ("GET", "HEAD")]

    for path in paths:
        pending = owner.request("GET", path, headers={"If-None-Match": "*"})
        assert problems(pending) == [("404", "thumbnail_pending")]
        assert int(header(pending, "retry-after")) > 0
    assert statuses(stranger) == [403] * 4

    secured_stack.settle(retries=True)
    pictures = {owner.request("GET", path).body for path in paths}
    assert len(pictures) == 1
    assert b"" not in pictures
    assert (statuses(owner), statuses(stranger)) == ([200] * 4, [403] * 4)

    described = describe(owner, file, bucket="alpha", publiclyReleasable=True)
    assert (statuses(owner), statuses(stranger)) == ([200] * 4, [200] * 4)
    assert delete(owner, "metadata", described.json()["data"]["id"]).status == 204
    assert (statuses(owner), statuses(stranger)) == ([200] * 4, [403] * 4)

    administrator = Person(secured_stack, "root", realm=["dina-admin"])
    assert delete(administrator, "object-upload", file).status == 204
    assert (statuses(owner), statuses(stranger)) == ([410] * 4, [403] * 4)


def test_the_thumbnail_of_a_derivative_keeps_the_rights_of_its_file(
    secured_stack: LocalStack,
) -> None:
    owner = Person(secured_stack, "owner", "alpha/super-user")
    stranger = Person(secured_stack, "mallory", "bicoe/super-user")
    record = {"resourceExternalURL": "https://example.org/7", "dcFormat": "text/html"}
    attributes = {"bucket": "alpha", "publiclyReleasable": True, **record}
    data = {"type": "metadata", "attributes": attributes}
    metadata = send(owner, "POST", f"{API}/metadata", data).json()["data"]["id"]
    file = upload_derivative(owner, png(), bucket="alpha")
    derived = derive(owner, file, metadata, publiclyReleasable=True).json()["data"]["id"]
    secured_stack.settle(retries=True)
    shown = owner.request("GET", f"{API}/object-upload/{file}").json()["data"]["attributes"]
    path = f"{API}/file/alpha/derivative/{shown['thumbnailIdentifier']}"
    assert [who.request("GET", path).status for who in (owner, stranger)] == [200, 200]
    assert delete(owner, "derivative", derived).status == 204
    assert [who.request("GET", path).status for who in (owner, stranger)] == [200, 403]


@pytest.mark.parametrize("is_main_file", [True, False])
def test_a_file_made_private_after_the_request_is_not_in_the_archive(
    published: Published, is_main_file: bool
) -> None:
    wanted = published.file if is_main_file else published.thumbnail
    export = {"type": "object-export", "attributes": {"fileIdentifiers": [wanted]}}
    ids = {}
    for who in (published.stranger, published.owner):
        response = send(who, "POST", f"{API}/object-export", export)
        ids[who] = response.json()["data"]["id"]
    published.release(False)
    published.stack.settle(retries=True)
    shown = {
        who: who.request("GET", f"{API}/object-export/{identifier}").json()["data"]["attributes"]
        for who, identifier in ids.items()
    }
    stranger, owner = shown[published.stranger], shown[published.owner]
    assert (stranger["status"], stranger["failure"]) == ("ERROR", "no_files_left")
    assert [one["code"] for one in stranger["problems"]] == ["file_not_public"]
    assert owner["status"] == "COMPLETED"
