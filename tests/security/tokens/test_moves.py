"""A caller cannot take another group's records by moving metadata to a group of the caller."""

from __future__ import annotations

import pytest

from local.stack import LocalStack
from tests.api.clients import JSON_API, change, delete, derive, problems, send, upload_derivative
from tests.security.tokens.people import Person

EXTERNAL = {"resourceExternalURL": "https://museum.example/7", "dcFormat": "text/html"}
BULK = {"Content-Type": f"{JSON_API}; ext=bulk"}
REFUSED = [("403", "role_required")]


@pytest.fixture
def owner(secured_stack: LocalStack) -> Person:
    return Person(secured_stack, "owner", "alpha/super-user")


@pytest.fixture
def thief(secured_stack: LocalStack) -> Person:
    """A guest of alpha who has every right in the group mine."""
    return Person(secured_stack, "thief", "alpha/guest", "mine/super-user")


def test_a_guest_cannot_move_a_record_and_delete_its_derivatives(
    owner: Person, thief: Person
) -> None:
    record = {"type": "metadata", "attributes": {"bucket": "alpha", **EXTERNAL}}
    metadata = send(owner, "POST", "/api/v1/metadata", record).json()["data"]["id"]
    file = upload_derivative(owner, b"text", bucket="alpha", media_type="text/plain")
    derivative = derive(owner, file, metadata).json()["data"]["id"]
    entry = {"type": "metadata", "id": metadata, "attributes": {"bucket": "mine"}}
    assert problems(change(thief, "metadata", metadata, bucket="mine")) == REFUSED
    assert problems(send(thief, "PATCH", "/api/v1/metadata/bulk", [entry], headers=BULK)) == REFUSED
    assert problems(delete(thief, "metadata", metadata)) == REFUSED
    assert owner.request("GET", f"/api/v1/derivative/{derivative}").status == 200
    assert owner.request("GET", f"/api/v1/file/alpha/derivative/{file}").status == 200
