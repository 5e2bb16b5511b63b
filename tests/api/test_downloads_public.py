"""Downloads without a token, on a stack with AUTH=jwt and PublicDownloads=true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api import token_auth
from tests.api.clients import header, multipart, problems
from tests.api.images import png


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    stack = token_auth.start(PublicDownloads="true")
    yield stack
    stack.stop()


def token_of(stack: LocalStack, *groups: str) -> dict[str, str]:
    assert stack.issuer is not None
    return {"Authorization": f"Bearer {stack.issuer.token('alice', list(groups))}"}


def stored(stack: LocalStack, *, public: bool) -> str:
    """Upload and describe a file and return its path."""
    member = token_of(stack, "aafc/user")
    headers, form = multipart(png())
    sent = stack.request("POST", "/api/v1/file/aafc", headers={**headers, **member}, body=form)
    identifier = sent.json()["fileIdentifier"]
    attributes = {"bucket": "aafc", "fileIdentifier": identifier, "publiclyReleasable": public}
    described = stack.request(
        "POST",
        "/api/v1/metadata",
        headers=member,
        json_body={"data": {"type": "metadata", "attributes": attributes}},
    )
    assert described.status == 201, described.text
    return f"/api/v1/file/aafc/{identifier}"


@pytest.fixture(scope="module")
def public(stack: LocalStack) -> str:
    return stored(stack, public=True)


@pytest.fixture(scope="module")
def private(stack: LocalStack) -> str:
    return stored(stack, public=False)


def test_a_publicly_releasable_file_is_served_without_a_token(
    stack: LocalStack, public: str
) -> None:
    assert stack.request("GET", public).body == png()
    assert stack.request("HEAD", public).status == 200


def refused(response: Response) -> bool:
    assert header(response, "www-authenticate") == "Bearer"
    return problems(response) == [("401", "token_required")]


def test_any_other_file_requires_a_token(stack: LocalStack, public: str, private: str) -> None:
    assert refused(stack.request("GET", private))
    assert refused(stack.request("GET", f"{private}/thumbnail"))
    assert refused(stack.request("GET", public.replace("/file/aafc/", "/object-upload/")))
    assert refused(stack.request("GET", "/api/v1/metadata"))


def test_a_token_that_is_sent_is_checked(stack: LocalStack, public: str, private: str) -> None:
    assert stack.request("GET", private, headers=token_of(stack, "aafc/user")).status == 200
    stranger = stack.request("GET", private, headers=token_of(stack, "bicoe/user"))
    assert problems(stranger) == [("403", "role_required")]
    bad = stack.request("GET", public, headers={"Authorization": "Bearer nonsense"})
    assert problems(bad) == [("401", "malformed_token")]
