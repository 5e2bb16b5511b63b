"""Keys of archives are for callers who may still read all files of the archive."""

from __future__ import annotations

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.clients import describe, send, upload
from tests.api.images import png
from tests.security.tokens.people import Person

API = "/api/v1"


def exported(stack: LocalStack, who: Person, *files: str) -> str:
    """Export files, and return the path of the finished export."""
    document = {"type": "object-export", "attributes": {"fileIdentifiers": list(files)}}
    response = send(who, "POST", f"{API}/object-export", document)
    assert response.status == 201, response.text
    stack.settle(retries=True)
    return f"{API}/object-export/{response.json()['data']['id']}"


def new_key(who: Person, export: str) -> Response:
    return who.request("POST", f"{export}/key")


def code_of(response: Response) -> str:
    return str(response.json()["errors"][0]["code"])


def test_a_member_who_left_the_group_gets_no_key(secured_stack: LocalStack) -> None:
    member = Person(secured_stack, "carol", "alpha/user")
    file = upload(member, png(), bucket="alpha").json()["fileIdentifier"]
    export = exported(secured_stack, member, file)
    assert new_key(member, export).status == 201
    revoked = Person(secured_stack, "carol", "bicoe/super-user")
    refused = new_key(revoked, export)
    assert (refused.status, code_of(refused)) == (403, "export_not_readable")
    assert "alpha" not in refused.text
    assert revoked.request("GET", export).status == 200


def test_a_refused_export_does_not_name_another_group(secured_stack: LocalStack) -> None:
    owner = Person(secured_stack, "owner", "alpha/super-user")
    stranger = Person(secured_stack, "mallory", "bicoe/super-user")
    file = upload(owner, png(), bucket="alpha").json()["fileIdentifier"]
    document = {"type": "object-export", "attributes": {"fileIdentifiers": [file]}}
    refused = send(stranger, "POST", f"{API}/object-export", document)
    assert (refused.status, code_of(refused)) == (422, "file_not_readable")
    assert "alpha" not in refused.text


def test_a_stranger_gets_a_key_while_the_file_is_public(secured_stack: LocalStack) -> None:
    owner = Person(secured_stack, "owner", "alpha/super-user")
    stranger = Person(secured_stack, "mallory", "bicoe/super-user")
    file = upload(owner, png(), bucket="alpha").json()["fileIdentifier"]
    described = describe(owner, file, bucket="alpha", publiclyReleasable=True).json()["data"]
    secured_stack.settle(retries=True)
    export = exported(secured_stack, stranger, file)
    assert new_key(stranger, export).status == 201
    attributes = {"publiclyReleasable": False}
    change = {"type": "metadata", "id": described["id"], "attributes": attributes}
    assert send(owner, "PATCH", f"{API}/metadata/{described['id']}", change).status == 200
    refused = new_key(stranger, export)
    assert (refused.status, code_of(refused)) == (403, "export_not_readable")
