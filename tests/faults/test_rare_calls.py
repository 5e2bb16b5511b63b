"""Calls that functions make rarely, so that `make test-privileges` records them.

The callers matter: some records are read only for callers of another group.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from local.faults.chaos import NO_FAULTS
from local.gateway.api import Response
from local.stack import LocalStack
from tests.api import clients
from tests.api.aws_calls import AwsCalls
from tests.api.images import jpeg, png
from tests.faults.people import Person

BULK = {"Content-Type": f"{clients.JSON_API}; ext=bulk"}
API = "/api/v1"
SUBTYPE = {"dcType": "IMAGE", "acSubtype": "Drawing"}
ATTRIBUTE = {
    "name": "Sheet Condition",
    "vocabularyElementType": "INTEGER",
    "multilingualDescription": {"descriptions": [{"lang": "en", "desc": "Of the sheet"}]},
}
CALLS_OF_AN_UPLOAD = 4
"""Fewer examples of files through the API."""


@pytest.fixture
def calm(stack: LocalStack) -> Iterator[LocalStack]:
    """The stack without injected faults."""
    chaos, stack.faults.chaos = stack.faults.chaos, NO_FAULTS
    yield stack
    stack.faults.chaos = chaos


@pytest.fixture
def ana(calm: LocalStack) -> Person:
    """A super-user of aafc who is also an administrator."""
    return Person(calm, "aafc", ("dina-admin",))


def file(person: Person, body: bytes | None = None) -> str:
    """Upload an image for a user's group, process it and return its identifier."""
    response = clients.upload(person, body or png(), bucket=person.group)
    assert response.status == 200, response.text
    person.stack.settle(retries=True)
    return str(response.json()["fileIdentifier"])


def made_from(person: Person) -> str:
    return clients.upload_derivative(person, png(), bucket=person.group)


def identifier(response: Response) -> str:
    assert response.status == 201, response.text
    return str(response.json()["data"]["id"])


def described(person: Person, file_identifier: str, **attributes: Any) -> str:
    return identifier(clients.describe(person, file_identifier, bucket=person.group, **attributes))


def derived(person: Person, source: str, file_identifier: str, **attributes: Any) -> str:
    given = {"bucket": person.group, **attributes}
    response = clients.derive(person, file_identifier, source, **given)
    person.stack.settle(retries=True)
    return identifier(response)


def entry(kind: str, attributes: Mapping[str, Any], source: str | None = None) -> dict[str, Any]:
    """Return one resource of a bulk request."""
    one: dict[str, Any] = {"type": kind, "attributes": dict(attributes)}
    if source is not None:
        one["relationships"] = {"acDerivedFrom": {"data": {"type": "metadata", "id": source}}}
    return one


def in_bulk(person: Person, method: str, kind: str, *entries: Any, key: str = "") -> Response:
    headers = {**BULK, "Idempotency-Key": key} if key else BULK
    return clients.send(person, method, f"{API}/{kind}/bulk", list(entries), headers=headers)


def loaded(person: Person, kind: str, one: str, query: str = "") -> Response:
    return clients.send(
        person,
        "POST",
        f"{API}/{kind}/bulk-load{query}",
        [{"type": kind, "id": one}],
        headers=BULK,
    )


def test_requests_with_keys_are_repeated_and_refused_ones_are_forgotten(
    ana: Person,
) -> None:
    metadata = described(ana, file(ana))
    outside = {"bucket": "aafc", "resourceExternalURL": "https://example.org/a", "dcFormat": "a/b"}
    refused = {**outside, "orientation": 9}
    wish = entry("object-export", {"fileIdentifiers": [file(ana)]})
    thumbnail = {"metadataUuid": metadata, "derivativeType": "THUMBNAIL_IMAGE"}
    for kind, wanted in (
        ("object-export", wish),
        ("derivative-generation", entry("derivative-generation", thumbnail)),
        ("managed-attribute", entry("managed-attribute", ATTRIBUTE)),
        ("object-subtype", entry("object-subtype", SUBTYPE)),
    ):
        under = {"Content-Type": clients.JSON_API, "Idempotency-Key": kind}
        refused = entry(kind, {"metadataUuid": "nobody"})
        responses = [
            clients.send(ana, "POST", f"{API}/{kind}", data, headers=under)
            for data in (refused, wanted, wanted)
        ]
        assert responses[0].status >= 400
        assert responses[1].status < 300, responses[1].text
        assert responses[2].body == responses[1].body
    for good, bad, kind in (
        (entry("metadata", outside), entry("metadata", refused), "metadata"),
        (
            entry("derivative", {"dcType": "IMAGE", "fileIdentifier": made_from(ana)}, metadata),
            entry("derivative", {"dcType": "NOTHING", "fileIdentifier": made_from(ana)}, metadata),
            "derivative",
        ),
    ):
        assert in_bulk(ana, "POST", kind, bad, key="refused").status >= 400
        first = in_bulk(ana, "POST", kind, good, key="taken")
        assert first.status < 300, first.text
        assert in_bulk(ana, "POST", kind, good, key="taken").body == first.body
    key = {"Content-Type": clients.JSON_API, "Idempotency-Key": "one"}
    target = f"{API}/derivative"
    for data, status in (
        (entry("derivative", {"dcType": "NOTHING", "fileIdentifier": made_from(ana)}, metadata), 0),
        (entry("derivative", {"dcType": "IMAGE", "fileIdentifier": made_from(ana)}, metadata), 201),
    ):
        responses = [clients.send(ana, "POST", target, data, headers=key) for _ in range(2)]
        assert status == 0 or [one.status for one in responses] == [status] * 2
    headers, form = clients.multipart(b"\x7fELF\x02\x01\x01" + bytes(120), name="a.png")
    headers |= {"Idempotency-Key": "program"}
    assert ana.request("POST", f"{API}/file/aafc", headers=headers, body=form).status == 415


def test_terms_are_used_released_changed_and_deleted(ana: Person) -> None:
    made = clients.send(
        ana, "POST", f"{API}/managed-attribute", entry("managed-attribute", ATTRIBUTE)
    )
    term, key = identifier(made), made.json()["data"]["attributes"]["key"]
    subtype = identifier(
        clients.send(
            ana,
            "POST",
            f"{API}/object-subtype",
            entry("object-subtype", SUBTYPE),
        )
    )
    assert ana.request("GET", f"{API}/managed-attribute/{key}").status == 200
    uses = {"managedAttributes": {key: "1"}, "acSubtype": "DRAWING", "dcType": "IMAGE"}
    metadata = described(ana, file(ana), **uses)
    attributes = {"bucket": "aafc", "fileIdentifier": file(ana), **uses}
    response = in_bulk(ana, "POST", "metadata", entry("metadata", attributes))
    assert response.status < 300, response.text
    other = response.json()["data"][0]["id"]
    for kind, one in (("managed-attribute", term), ("object-subtype", subtype)):
        assert clients.delete(ana, kind, one).status == 422
    unused: dict[str, Any] = {"managedAttributes": {}, "acSubtype": None}
    assert clients.change(ana, "metadata", metadata, **unused).status == 200
    changed = {**entry("metadata", unused), "id": other}
    assert in_bulk(ana, "PATCH", "metadata", changed).status == 200
    changed = {**entry("metadata", uses), "id": other}
    assert in_bulk(ana, "PATCH", "metadata", changed).status == 200
    assert clients.delete(ana, "metadata", other).status == 204
    renarrowed: dict[str, Any] = {"vocabularyElementType": "STRING"}
    assert clients.change(ana, "managed-attribute", term, **renarrowed).status == 200
    assert clients.change(ana, "object-subtype", subtype, dcType="TEXT").status == 200
    for kind, one in (("managed-attribute", term), ("object-subtype", subtype)):
        assert clients.delete(ana, kind, one).status == 204


def test_public_records_are_shown_to_others_with_their_sources(ana: Person) -> None:
    original = file(ana)
    metadata = described(ana, original, publiclyReleasable=True)
    derivative = derived(ana, metadata, made_from(ana), publiclyReleasable=True)
    stranger = ana.stranger
    assert stranger.request("GET", f"{API}/object-upload/{original}").status == 200
    assert loaded(stranger, "object-upload", original).status == 200
    assert loaded(stranger, "metadata", metadata, "?include=derivatives").status == 200
    assert loaded(stranger, "derivative", derivative, "?include=acDerivedFrom").status == 200


def test_a_derivative_is_shown_to_others_if_the_one_it_was_made_from_is_public(
    ana: Person,
) -> None:
    """The derivatives of two records are read: the one it is made from belongs to the other."""
    first, second = (described(ana, file(ana), publiclyReleasable=True) for _ in range(2))
    large = derived(ana, second, made_from(ana), publiclyReleasable=True)
    small_file = made_from(ana)
    attributes = {"dcType": "IMAGE", "fileIdentifier": small_file, "publiclyReleasable": True}
    small = entry("derivative", attributes, first)
    small["relationships"]["generatedFromDerivative"] = {
        "data": {"type": "derivative", "id": large}
    }
    shown = identifier(clients.send(ana, "POST", f"{API}/derivative", small))
    stranger, include = ana.stranger, "include=derivatives"
    public = f"filter[publiclyReleasable][EQ]=true&{include}"

    def responses() -> list[Response]:
        """Return the responses in which the stranger may find the derivative."""
        return [
            stranger.request("GET", f"{API}/metadata/{first}?{include}"),
            stranger.request("GET", f"{API}/metadata?{public}"),
            loaded(stranger, "metadata", first, f"?{include}"),
        ]

    download = f"{API}/file/aafc/derivative/{small_file}"
    assert all(shown in response.text for response in responses())
    assert stranger.request("GET", download).status == 200
    assert clients.change(ana, "derivative", large, publiclyReleasable=False).status == 200
    assert all(response.status == 200 for response in responses())
    assert not any(shown in response.text for response in responses())
    assert stranger.request("GET", download).status == 403


def test_a_stranger_gets_more_keys_to_an_archive_of_public_files(ana: Person) -> None:
    original, made = file(ana), made_from(ana)
    metadata = described(ana, original, publiclyReleasable=True)
    derived(ana, metadata, made, publiclyReleasable=True)
    wish = entry("object-export", {"fileIdentifiers": [original, made]})
    export = identifier(clients.send(ana.stranger, "POST", f"{API}/object-export", wish))
    ana.stack.settle(retries=True)
    assert ana.stranger.request("POST", f"{API}/object-export/{export}/key").status == 201


def test_an_archive_is_completed_by_the_next_run_if_the_store_was_busy(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    from coffer.adapters.s3.archives import S3Archives
    from coffer.adapters.s3.requests import store_unavailable

    def busy(*_: object) -> None:
        raise store_unavailable()

    stack, wish = ana.stack, entry("object-export", {"fileIdentifiers": [file(ana)]})
    export = identifier(clients.send(ana, "POST", f"{API}/object-export", wish))
    with monkeypatch.context() as store:
        store.setattr(S3Archives, "_complete", busy)
        stack.settle()
    assert [one["status"] for one in stack.items("ExportsTable")] == ["RUNNING"]
    stack.settle(retries=True)
    response = ana.request("GET", f"{API}/object-export/{export}")
    assert response.json()["data"]["attributes"]["status"] == "COMPLETED", response.text


def test_derivatives_are_moved_to_another_source(ana: Person) -> None:
    first, second = described(ana, file(ana)), described(ana, file(ana))
    page = {"bucket": "aafc", "resourceExternalURL": "https://a.example/7", "dcFormat": "text/html"}
    external = identifier(clients.send(ana, "POST", f"{API}/metadata", entry("metadata", page)))
    derivative = derived(ana, first, made_from(ana))
    for source in (second, external):
        to = {"acDerivedFrom": {"data": {"type": "metadata", "id": source}}}
        moved = clients.change(ana, "derivative", derivative, relationships=to)
        assert moved.status == 200, moved.text
    for source in (first, external):
        change = {**entry("derivative", {}, source), "id": derivative}
        assert in_bulk(ana, "PATCH", "derivative", change).status == 200


def test_derivatives_of_external_resources_are_entered_in_their_records(ana: Person) -> None:
    outside = {"resourceExternalURL": "https://example.org/a", "dcFormat": "a/b"}
    attributes = {"bucket": ana.group, **outside}
    created = clients.send(ana, "POST", f"{API}/metadata", entry("metadata", attributes))
    metadata = identifier(created)
    first, second = made_from(ana), made_from(ana)
    derivative = derived(ana, metadata, first)
    other = entry("derivative", {"dcType": "IMAGE", "fileIdentifier": second}, metadata)
    assert in_bulk(ana, "POST", "derivative", other).status == 200
    [item] = [one for one in ana.stack.items("MetadataTable") if one["id"] == metadata]
    assert item["latestDerivative"] != derivative


def test_derivatives_are_processed_like_other_files(ana: Person) -> None:
    """They are uploaded by form and straight to the store, deleted, swept and exported."""
    stack = ana.stack
    deleted, swept = made_from(ana), made_from(ana)
    assert clients.delete(ana, "object-upload", deleted).status == 204
    offered = clients.presigned_post(ana, bucket="aafc", name="a.jpg", isDerivative=True)
    assert clients.post(offered, jpeg()) == 201
    stack.settle(retries=True)
    sent = offered["fileIdentifier"]
    assert any(sent in key for key in stack.keys("ObjectBucket", "derivatives/"))
    export = entry("object-export", {"fileIdentifiers": [sent]})
    assert clients.send(ana, "POST", f"{API}/object-export", export).status == 201
    stack.settle(retries=True)
    stack.clock.advance(timedelta(days=21))
    outcome = stack.run_schedule("RemoveOrphansFunction")
    assert outcome.payload["removed"] == 2, outcome
    assert not [key for key in stack.keys("ObjectBucket", "derivatives/") if swept in key]


def test_a_thumbnail_is_made_of_a_derivative_on_demand(ana: Person) -> None:
    original = clients.upload(ana, b"Only text.\n", bucket="aafc", name="a.txt", media_type=None)
    metadata = described(ana, original.json()["fileIdentifier"])
    derived(ana, metadata, made_from(ana), derivativeType="LARGE_IMAGE")
    wanted = {
        "metadataUuid": metadata,
        "derivativeType": "THUMBNAIL_IMAGE",
        "derivedFromType": "LARGE_IMAGE",
    }
    [made] = [
        one["id"] for one in ana.stack.items("DerivativesTable") if "generatedFrom" in str(one)
    ]
    assert clients.delete(ana, "derivative", made).status == 204
    response = clients.send(
        ana, "POST", f"{API}/derivative-generation", entry("derivative-generation", wanted)
    )
    assert response.status < 300, response.text


def test_a_thumbnail_of_a_file_that_was_deleted_meanwhile_is_removed(ana: Person) -> None:
    response = clients.upload(ana, png(), bucket="aafc")
    ana.stack.settle()
    [event] = [
        one for one in ana.stack.bus_events if one["detail-type"] == "ObjectUploadNotification"
    ]
    assert clients.delete(ana, "object-upload", response.json()["fileIdentifier"]).status == 204
    record = {"messageId": "1", "body": json.dumps(event), "eventSource": "aws:sqs"}
    assert not ana.stack.invoke("MakeThumbnailFunction", {"Records": [record]}).failed
    assert ana.stack.keys("ObjectBucket", "thumbnails/") == []


def lose_messages(stack: LocalStack, queue: str) -> None:
    """Remove all messages of a queue."""
    sqs, url = stack.client("sqs"), stack.name(queue)
    while messages := sqs.receive_message(QueueUrl=url).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.parametrize("is_derivative", [False, True])
@pytest.mark.parametrize("where", ["through the API", "to the store"])
def test_housekeeping_completes_what_was_killed(
    ana: Person,
    aws_calls: AwsCalls,
    where: str,
    is_derivative: bool,
) -> None:
    stack = ana.stack
    for fatal in range(1, CALLS_OF_AN_UPLOAD):
        stack.reset()
        if where == "to the store":
            offered = clients.presigned_post(ana, bucket="aafc", isDerivative=is_derivative)
            assert clients.post(offered, jpeg()) == 201
        aws_calls.kill_before(fatal)
        if where == "to the store":
            stack.settle()
        else:
            headers, form = clients.multipart(jpeg(), name="a.jpg")
            target = f"{API}/file/aafc{'/derivative' * is_derivative}"
            ana.request("POST", target, headers=headers, body=form)
        assert aws_calls.killed
        aws_calls.stop()
        stack.clock.advance(timedelta(hours=2))
        lose_messages(stack, "ProcessUploadQueue")
        assert not stack.run_schedule("KeepHouseFunction").failed
        stack.settle(retries=True)
        assert all(one["uploadStatus"] == "AVAILABLE" for one in stack.items("UploadsTable")), (
            stack.items("UploadsTable")
        )


def test_housekeeping_completes_deletions_that_were_killed(
    ana: Person,
    aws_calls: AwsCalls,
) -> None:
    """A deletion of a derivative's file, and one of metadata with derivatives."""
    metadata = described(ana, file(ana))
    for _ in range(2):
        derived(ana, metadata, made_from(ana))
    deleted = [made_from(ana), file(ana)]
    for one in deleted:
        aws_calls.kill_before(3)
        clients.delete(ana, "object-upload", one)
        aws_calls.stop()
    ana.stack.clock.advance(timedelta(hours=2))
    assert clients.delete(ana, "metadata", metadata).status == 204
    ana.stack.clock.advance(timedelta(hours=2))
    ana.stack.settle(retries=True)
    assert not ana.stack.run_schedule("KeepHouseFunction").failed
    left = [one for one in ana.stack.items("DerivativesTable") if "deletedOn" not in one]
    assert left == []
    keys = "".join(ana.stack.keys("ObjectBucket"))
    assert not [one for one in deleted if one in keys]


def test_housekeeping_deletes_derivatives_that_a_deletion_had_no_time_for(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = described(ana, file(ana))
    made = derived(ana, metadata, made_from(ana))
    with monkeypatch.context() as short_of_time:
        short_of_time.setattr("coffer.domain.metadata.delete.MAX_ACTIONS", 2)
        short_of_time.setattr("coffer.domain.metadata.delete.MAX_TRANSACTIONS", 0)
        assert clients.delete(ana, "metadata", metadata).status == 204
    assert ana.request("GET", f"{API}/derivative/{made}").status == 200
    ana.stack.clock.advance(timedelta(hours=2))
    assert not ana.stack.run_schedule("KeepHouseFunction").failed
    assert all("deletedOn" in one for one in ana.stack.items("DerivativesTable"))
    assert not [one for one in ana.stack.items("UploadsTable") if one.get("claimedBy")]
