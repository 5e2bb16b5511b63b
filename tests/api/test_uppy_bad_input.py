"""Bad input of Uppy's routes: foreign sessions, wrong parts, limits, races and grants."""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from coffer.domain.callers import Caller, Role
from coffer.http.callers import identify_by_token
from local.functions.in_process import InProcessInvoker
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api import s3_forms
from tests.api.clients import let_time_pass, record
from tests.api.uppy import (
    MIB,
    PART,
    Session,
    abort,
    base_of,
    complete,
    create,
    granted,
    listed,
    params,
    put,
    send_part,
    sign,
    started,
)
from tests.template.template_file import logical_id

FIRST, LAST = b"a" * PART, b"the end"
FOLDERS = (
    "begin_uploads",
    "complete_uploads",
    "edit_upload_grants",
    "get_object_upload",
    "sign_parts",
)


class People:
    """Bearer tokens that are names of users, with their roles in groups."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, frozenset[Role]]] = {
            "alice": {"mybucket": frozenset({Role.GUEST}), "other": frozenset({Role.GUEST})},
            "bob": {"mybucket": frozenset({Role.USER})},
            "carol": {},
            "dina": {"mybucket": frozenset({Role.SUPER_USER})},
        }

    def caller(self, token: str) -> Caller:
        return Caller(username=token, subject=f"subject of {token}", groups=self.groups[token])


@dataclass(frozen=True)
class Person:
    """A user who sends requests with a token."""

    stack: LocalStack
    name: str

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: bytes | str = b"",
        json_body: Any = None,
    ) -> Response:
        sent = {**dict(headers), "Authorization": f"Bearer {self.name}"}
        return self.stack.request(method, target, headers=sent, body=body, json_body=json_body)


@pytest.fixture
def people(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> People:
    """The stack's users. Their handlers require a token."""
    people = People()
    identify = identify_by_token(people)
    assert isinstance(stack.invoker, InProcessInvoker)
    for folder in FOLDERS:
        stack.invoker.handler(stack.resources.function(logical_id(folder)))
        module = sys.modules[f"local_function_{folder}_app"]
        if hasattr(module, "uploaders"):
            monkeypatch.setattr(module, "uploaders", replace(module.uploaders, identify=identify))
        else:
            monkeypatch.setattr(module, "identify", identify)
    return people


@pytest.fixture
def alice(stack: LocalStack, people: People) -> Person:
    return Person(stack, "alice")


def code(response: Response) -> str:
    """Return the code of the only error, whose text is the message."""
    document = response.json()
    [error] = document["errors"]
    assert document["message"] == error["detail"]
    return f"{response.status} {error['code']}"


def answers(service: Any, session: Session) -> list[str]:
    """Return the results of all requests about a session."""
    batch = service.request("GET", session.target("/batch", partNumbers="1"))
    return [
        code(response)
        for response in (
            sign(service, session, 1),
            batch,
            listed(service, session),
            complete(service, session, ['"x"']),
            abort(service, session),
        )
    ]


NOT_FOUND = ["404 upload_session_not_found"] * 5


@pytest.mark.parametrize("name", ["bob", "carol", "dina"])
def test_the_session_of_another_user_is_not_found(
    stack: LocalStack, alice: Person, name: str
) -> None:
    session = started(alice)
    assert answers(Person(stack, name), session) == NOT_FOUND
    assert sign(alice, session, 1).status == 200


def test_an_unknown_session_or_key_is_not_found(alice: Person) -> None:
    session = started(alice)
    for one in (
        replace(session, upload="01a201b2-61d3-7847-b106-8d77d4d6c0e9"),
        replace(session, upload="nonsense"),
        replace(session, key=f"{session.key}x"),
        replace(session, base=base_of("other")),
    ):
        assert answers(alice, one) == NOT_FOUND


def test_a_member_who_left_the_group_has_no_session(alice: Person, people: People) -> None:
    session = started(alice)
    send_part(alice, session, 1, LAST)
    people.groups["alice"] = {"other": frozenset({Role.GUEST})}
    assert answers(alice, session) == NOT_FOUND
    assert create(alice).status == 403
    assert params(alice, base_of(), "a.txt", "text/plain").status == 403
    people.groups["alice"] = {"mybucket": frozenset({Role.READ_ONLY})}
    assert answers(alice, session) == NOT_FOUND


def test_only_the_owner_sees_that_a_file_is_uploading(
    stack: LocalStack, alice: Person, people: People
) -> None:
    session = started(alice)
    etags = [send_part(alice, session, 1, FIRST)]
    path = f"/api/v1/object-upload/{session.file}"
    data = alice.request("GET", path).json()["data"]
    assert data["attributes"]["uploadStatus"] == "UPLOADING"
    assert data["attributes"]["originalFilename"] == "notes.txt"
    assert data["meta"] == {"uploadedParts": 1, "uploadedBytes": PART}
    assert Person(stack, "bob").request("GET", path).status == 404
    assert complete(alice, session, etags).status == 200
    attributes = alice.request("GET", path).json()["data"]["attributes"]
    assert attributes["uploadStatus"] == "PROCESSING"
    stack.settle(retries=True)
    attributes = Person(stack, "bob").request("GET", path).json()["data"]["attributes"]
    assert (attributes["uploadStatus"], attributes["createdBy"]) == ("AVAILABLE", "alice")


@pytest.mark.parametrize("number", ["0", "10001", "-1", "one", "1.0"])
def test_a_part_number_that_does_not_exist_is_refused(stack: LocalStack, number: str) -> None:
    session = started(stack)
    assert code(sign(stack, session, number)) == "400 malformed_parameter"


def test_a_part_behind_the_announced_size_is_refused(stack: LocalStack) -> None:
    session = started(stack, sizeInBytes=PART + 1)
    assert sign(stack, session, 2).status == 200
    assert code(sign(stack, session, 3)) == "400 malformed_part_number"


def test_a_part_that_is_too_small_is_refused(stack: LocalStack) -> None:
    session = started(stack)
    etags = [send_part(stack, session, number, LAST) for number in (1, 2)]
    assert code(complete(stack, session, etags)) == "400 parts_refused"
    etags[0] = send_part(stack, session, 1, FIRST)
    assert complete(stack, session, etags).status == 200


def test_parts_must_be_those_that_were_uploaded(stack: LocalStack) -> None:
    session = started(stack)
    etags = [send_part(stack, session, 1, FIRST), send_part(stack, session, 2, LAST)]
    for wrong in ([], etags[:1], [*etags, '"x"'], [etags[1], etags[0]]):
        assert code(complete(stack, session, wrong)) == "400 parts_differ"
    assert complete(stack, session, etags).status == 200


def test_a_missing_part_in_the_middle_is_refused(stack: LocalStack) -> None:
    session = started(stack)
    parts = [
        {"PartNumber": number, "ETag": send_part(stack, session, number, body)}
        for number, body in ((1, FIRST), (3, LAST))
    ]
    response = stack.request("POST", session.target("/complete"), json_body={"parts": parts})
    assert code(response) == "400 parts_differ"


def test_a_part_that_was_replaced_after_it_was_listed_is_refused(stack: LocalStack) -> None:
    session = started(stack)
    old = [send_part(stack, session, 1, LAST)]
    assert listed(stack, session).json()[0]["ETag"] == old[0]
    new = [send_part(stack, session, 1, b"other bytes")]
    assert code(complete(stack, session, old)) == "400 parts_differ"
    assert complete(stack, session, new).status == 200


def test_an_upload_is_completed_once(stack: LocalStack) -> None:
    session = started(stack)
    etags = [send_part(stack, session, 1, LAST)]
    first = complete(stack, session, etags)
    assert complete(stack, session, etags).json() == first.json()
    assert code(complete(stack, session, ['"x"'])) == "400 parts_differ"
    assert code(sign(stack, session, 2)) == "409 upload_completed"
    stack.settle(retries=True)
    assert complete(stack, session, etags).json() == first.json()
    assert len(stack.keys("ObjectBucket")) == 1


def test_a_completed_upload_cannot_be_aborted(stack: LocalStack) -> None:
    session = started(stack)
    etags = [send_part(stack, session, 1, LAST)]
    assert complete(stack, session, etags).status == 200
    assert abort(stack, session).json() == {}
    stack.settle(retries=True)
    assert record(stack, session.file)["uploadStatus"] == "AVAILABLE"


def test_an_aborted_upload_cannot_be_completed(stack: LocalStack) -> None:
    session = started(stack)
    etags = [send_part(stack, session, 1, LAST)]
    assert abort(stack, session).json() == {}
    assert code(complete(stack, session, etags)) == "404 upload_session_not_found"
    assert code(sign(stack, session, 1)) == "404 upload_session_not_found"
    assert stack.request("GET", f"/api/v1/object-upload/{session.file}").status == 404


@pytest.mark.parametrize("more", [{}, {"sha1Hex": "0" * 40}])
def test_a_wrong_checksum_is_refused_and_the_right_one_accepted(
    stack: LocalStack, more: dict[str, str]
) -> None:
    session = started(stack, crc32="00000000", **more)
    etags = [send_part(stack, session, 1, LAST)]
    refused = complete(stack, session, etags)
    assert code(refused) == "400 parts_refused"
    assert "CRC-32" in refused.json()["message"]
    right = f"{zlib.crc32(LAST):08X}"
    assert complete(stack, session, etags, crc32=right).status == 200


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({"sha1Hex": hashlib.sha1(LAST).hexdigest(), "crc32": "00000000"}, 201),
        ({"sha1Hex": "0" * 40}, 400),
        ({"crc32": f"{zlib.crc32(LAST):08x}"}, 201),
        ({"crc32": "00000000"}, 400),
        ({"sizeInBytes": str(len(LAST))}, 201),
        ({"sizeInBytes": str(len(LAST) - 1)}, 400),
    ],
)
def test_a_form_takes_only_the_announced_file(
    stack: LocalStack, metadata: dict[str, str], status: int
) -> None:
    form = params(stack, base_of(), "notes.txt", "text/plain", **metadata).json()
    url = urlsplit(form["url"])
    assert s3_forms.post(url.netloc, url.path, form["fields"], LAST) == status


def test_a_file_of_another_size_than_announced_is_refused(stack: LocalStack) -> None:
    session = started(stack, sizeInBytes=PART + len(LAST))
    etags = [send_part(stack, session, 1, FIRST)]
    assert code(complete(stack, session, etags)) == "400 parts_differ"


def test_a_file_over_the_limit_is_refused_before_it_is_uploaded(stack: LocalStack) -> None:
    base = base_of(grant=granted(stack, maxBytes=6 * MIB)["grant"])
    for size in (6 * MIB + 1, str(6 * MIB + 1)):
        assert code(create(stack, base, sizeInBytes=size)) == "413 file_too_large"
    refused = params(stack, base, "a.txt", "text/plain", sizeInBytes=str(6 * MIB + 1))
    assert code(refused) == "413 file_too_large"
    assert create(stack, base, sizeInBytes=6 * MIB).status == 200


def test_a_file_over_the_limit_ends_when_a_part_behind_it_is_signed(stack: LocalStack) -> None:
    base = base_of(grant=granted(stack, maxBytes=6 * MIB)["grant"])
    session = started(stack, base)
    send_part(stack, session, 1, FIRST)
    assert sign(stack, session, 2).status == 200
    assert code(sign(stack, session, 3)) == "413 file_too_large"
    assert code(listed(stack, session)) == "404 upload_session_not_found"
    let_time_pass(stack)
    assert unfinished(stack) == []


def test_a_file_over_the_limit_ends_when_it_is_completed(stack: LocalStack) -> None:
    base = base_of(grant=granted(stack, maxBytes=6 * MIB)["grant"])
    session = started(stack, base)
    etags = [send_part(stack, session, number, FIRST) for number in (1, 2)]
    assert code(complete(stack, session, etags)) == "413 file_too_large"
    assert unfinished(stack) == []
    assert code(complete(stack, session, etags)) == "404 upload_session_not_found"


def test_an_abandoned_upload_is_ended_by_housekeeping(stack: LocalStack) -> None:
    session = started(stack)
    send_part(stack, session, 1, LAST)
    stack.clock.advance(timedelta(days=5))
    assert keep_house(stack) == {}
    assert unfinished(stack) == [session.key]
    stack.clock.advance(timedelta(days=1, minutes=1))
    assert code(listed(stack, session)) == "404 upload_session_not_found"
    let_time_pass(stack)
    assert unfinished(stack) == []


def test_a_part_that_arrives_after_the_abort_is_removed(stack: LocalStack) -> None:
    session = started(stack)
    url = sign(stack, session, 1).json()["url"]
    assert abort(stack, session).json() == {}
    assert put(url, LAST).status == 404
    stack.clock.advance(timedelta(hours=1, minutes=1))
    [due] = [item for item in stack.items("UploadSessionsTable") if "due" in item]
    assert due["id"] == session.file
    keep_house(stack)
    assert [item for item in stack.items("UploadSessionsTable") if "due" in item] == []


def keep_house(stack: LocalStack) -> dict[str, int]:
    """Run housekeeping, again after an outage, and return the number of each result."""
    for _ in range(10):
        outcome = stack.run_schedule("KeepHouseFunction")
        if not outcome.failed:
            return dict(outcome.payload)
    raise AssertionError(outcome.error_message)


def unfinished(stack: LocalStack) -> list[str]:
    """Return the keys of all multipart uploads that the store has."""
    found = stack.client("s3").list_multipart_uploads(Bucket=stack.name("ObjectBucket"))
    return [one["Key"] for one in found.get("Uploads", [])]


class TestOfGrants:
    def test_a_grant_expires(self, stack: LocalStack) -> None:
        grant = granted(stack, lifetimeSeconds=60)
        session = started(stack, base_of(grant=grant["grant"]))
        stack.clock.advance(timedelta(seconds=61))
        assert answers(stack, session) == ["404 grant_not_found"] * 5
        renewed = base_of(grant=granted(stack)["grant"])
        assert sign(stack, replace(session, base=renewed), 1).status == 200

    def test_a_revoked_grant_works_no_longer(self, alice: Person) -> None:
        grant = granted(alice)
        session = started(alice, base_of(grant=grant["grant"]))
        revoked = alice.request("DELETE", f"/api/v1/upload-grant/mybucket/{grant['id']}")
        assert revoked.status == 204
        assert answers(alice, session) == ["404 grant_not_found"] * 5
        assert code(create(alice, session.base)) == "404 grant_not_found"

    @pytest.mark.parametrize(("name", "status"), [("bob", 404), ("carol", 404), ("dina", 204)])
    def test_its_creator_and_super_users_may_revoke_it(
        self, stack: LocalStack, alice: Person, name: str, status: int
    ) -> None:
        grant = granted(alice)
        person, path = Person(stack, name), f"/api/v1/upload-grant/{{}}/{grant['id']}"
        assert person.request("DELETE", path.format("other")).status == 404
        assert person.request("DELETE", path.format("mybucket")).status == status

    def test_a_grant_is_for_its_own_bucket(self, stack: LocalStack, alice: Person) -> None:
        mine, other = granted(alice), granted(alice, "other")
        session = started(alice, base_of(grant=mine["grant"]))
        foreign = replace(session, base=base_of(grant=other["grant"]))
        assert answers(alice, foreign) == NOT_FOUND
        file = started(alice, base_of(grant=other["grant"]))
        assert file.key.startswith("incoming/other/")

    def test_a_grant_needs_a_role_in_the_group(self, stack: LocalStack, people: People) -> None:
        response = Person(stack, "carol").request(
            "POST", "/api/v1/upload-grant/mybucket", json_body={}
        )
        assert response.status == 403

    def test_a_grant_acts_for_its_creator_only(self, stack: LocalStack, alice: Person) -> None:
        session = started(alice)
        by_grant = replace(session, base=base_of(grant=granted(alice)["grant"]))
        assert sign(stack, by_grant, 1).status == 200
        foreign = granted(Person(stack, "bob"))
        assert answers(stack, replace(session, base=base_of(grant=foreign["grant"]))) == NOT_FOUND

    @pytest.mark.parametrize("text", ["x", "0" * 32, "0" * 75, "é" * 40])
    def test_a_text_that_is_no_grant_is_refused(self, stack: LocalStack, text: str) -> None:
        target = f"/api/v1/uppy/grant/{text.encode('unicode_escape').decode()}/s3/params?filename=a"
        assert code(stack.request("GET", target)) == "404 grant_not_found"

    def test_the_secret_of_a_grant_is_neither_stored_nor_logged(
        self, stack: LocalStack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        grant = granted(stack)["grant"]
        session = started(stack, base_of(grant=grant))
        send_part(stack, session, 1, LAST)
        secret = grant[32:]
        assert len(secret) >= 43
        assert secret not in str(stack.items("UploadSessionsTable"))
        assert secret not in capsys.readouterr().out

    def test_two_grants_differ(self, stack: LocalStack) -> None:
        assert granted(stack)["grant"] != granted(stack)["grant"]


def test_hostile_names_are_stored_without_harm(stack: LocalStack) -> None:
    names = ["a\r\nx-amz-acl: public-read.txt", "${filename}", "\u202egpj.txt", '"><img src=x>']
    for name in names:
        session = started(stack, name=name, media_type="text/plain")
        etags = [send_part(stack, session, 1, LAST)]
        assert complete(stack, session, etags).status == 200
        form = params(stack, base_of(), name, "text/plain").json()
        assert "${" not in str(form["fields"])
        stack.settle(retries=True)
        attributes = record(stack, session.file)
        assert attributes["uploadStatus"] == "AVAILABLE"
        assert not set('\r\n\u202e<>"') & set(attributes["originalFilename"])


def test_the_relative_path_of_the_file_is_kept(stack: LocalStack) -> None:
    for path, expected in (
        ("plants/leaf/notes.txt", "plants/leaf/notes.txt"),
        ("null", None),
        (None, None),
    ):
        session = started(stack, relativePath=path)
        assert complete(stack, session, [send_part(stack, session, 1, LAST)]).status == 200
        stack.settle(retries=True)
        assert record(stack, session.file)["relativePath"] == expected


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"sizeInBytes": "five"}, "400 malformed_file"),
        ({"sizeInBytes": -1}, "400 malformed_file"),
        ({"sizeInBytes": True}, "400 malformed_file"),
        ({"sizeInBytes": 1.5}, "400 malformed_file"),
        ({"sizeInBytes": 0}, "422 empty_file"),
        ({"sizeInBytes": 10, "partSizeInBytes": 5}, "422 part_size_out_of_range"),
        ({"sizeInBytes": 5 * 1024**4}, "413 file_too_large"),
        ({"crc32": "xyz"}, "400 malformed_checksum"),
        ({"sha1Hex": "abc"}, "400 malformed_checksum"),
        ({"isDerivative": "perhaps"}, "400 malformed_file"),
        ({"relativePath": 5}, "400 malformed_file"),
        ({"relativePath": "../../etc/passwd"}, "422 unsafe_relative_path"),
        ({"unknown": {"nested": []}}, None),
    ],
)
def test_metadata_is_validated(
    stack: LocalStack, metadata: dict[str, Any], expected: str | None
) -> None:
    response = create(stack, **metadata)
    if expected is None:
        assert response.status == 200
        return
    assert code(response) == expected
    source = response.json()["errors"][0]["source"]
    assert source == {"pointer": f"/metadata/{list(metadata)[-1]}"}


def test_a_deleted_file_is_gone_although_its_session_is_kept(stack: LocalStack) -> None:
    session = started(stack)
    assert complete(stack, session, [send_part(stack, session, 1, LAST)]).status == 200
    stack.settle(retries=True)
    path = f"/api/v1/object-upload/{session.file}"
    assert stack.request("DELETE", path).status == 204
    stack.settle(retries=True)
    assert stack.request("GET", path).status == 410


@pytest.mark.parametrize("announced", [{}, {"sizeInBytes": PART + 1}])
def test_the_limit_of_a_grant_counts_for_a_session_that_began_without_it(
    stack: LocalStack, announced: dict[str, Any]
) -> None:
    session = started(stack, **announced)
    etags = [send_part(stack, session, 1, FIRST)]
    small = replace(session, base=base_of(grant=granted(stack, maxBytes=MIB)["grant"]))
    assert code(sign(stack, small, 2)) == "413 file_too_large"
    assert code(complete(stack, small, etags)) == "413 file_too_large"
    etags.append(send_part(stack, session, 2, b"b"))
    assert complete(stack, session, etags).status == 200


def test_the_message_about_a_wrong_number_names_it_and_what_is_allowed(stack: LocalStack) -> None:
    for wrong, shown in ((True, "True"), ("5e3", "5e3"), (10**16, str(10**16))):
        message = create(stack, sizeInBytes=wrong).json()["message"]
        assert message == (
            f"sizeInBytes must be a whole number from 0 to 9999999999999999, not '{shown}'."
        )


def test_no_response_with_a_secret_may_be_cached(stack: LocalStack) -> None:
    session = started(stack)
    grant = stack.request("POST", "/api/v1/upload-grant/mybucket", json_body={})
    form = params(stack, base_of(), "a.txt", "text/plain")
    for response in (grant, form, sign(stack, session, 1), listed(stack, session)):
        assert dict(response.headers)["cache-control"] == "no-store"
