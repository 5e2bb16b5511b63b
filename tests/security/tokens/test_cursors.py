"""The cursors of a list contain nothing of records that its caller may not see."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import pytest

from local.stack import LocalStack
from tests.api.clients import describe, upload
from tests.security.tokens.people import Person

NAMES = {"a.txt": True, "b-secret.txt": False, "c.txt": True}
"""Names of files of the group alpha, and True if a file is public."""


@pytest.fixture(scope="module")
def identifiers(secured_stack: LocalStack) -> dict[str, str]:
    """Return the identifiers of the metadata by the names of the files."""
    owner = Person(secured_stack, "owner", "alpha/user")
    created = {}
    for name, is_public in NAMES.items():
        uploaded = upload(owner, b"text", bucket="alpha", name=name, media_type="text/plain")
        file = uploaded.json()["fileIdentifier"]
        described = describe(owner, file, bucket="alpha", publiclyReleasable=is_public)
        created[name] = described.json()["data"]["id"]
    secured_stack.settle(retries=True)
    return created


@pytest.mark.parametrize("sort", ["originalFilename", "-originalFilename", "createdOn"])
@pytest.mark.parametrize("query", ["", "&filter[publiclyReleasable]=true", ",bicoe"])
def test_a_cursor_names_no_private_record_of_another_group(
    secured_stack: LocalStack, identifiers: dict[str, str], query: str, sort: str
) -> None:
    stranger = Person(secured_stack, "mallory", "bicoe/user")
    target = f"/api/v1/metadata?filter[bucket]=alpha{query}&page[limit]=1&sort={sort}"
    found = []
    while target:
        document = stranger.request("GET", target).json()
        found += [one["id"] for one in document["data"]]
        following = urlsplit(document["links"].get("next", ""))
        target = f"{following.path}?{following.query}" if following.query else ""
        for cursor in parse_qs(following.query).get("page[cursor]", []):
            held = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            assert b"secret" not in held
            assert identifiers["b-secret.txt"].encode() not in held
    assert sorted(found) == sorted(identifiers[name] for name in ("a.txt", "c.txt"))
