"""Metadata is changed and deleted, with its events."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.clients import (
    JSON_API,
    audit_entries,
    change,
    delete,
    derivative_of,
    derive,
    describe,
    header,
    problems,
    record,
    send,
    unique_events,
    upload,
    upload_and_describe,
    upload_derivative,
)
from tests.api.images import png

BULK = {"Content-Type": f"{JSON_API}; ext=bulk"}


def operations(stack: LocalStack) -> list[tuple[str, str]]:
    stack.settle(retries=True)
    return [
        (event["detail"]["operationType"], event["detail"]["documentType"])
        for event in unique_events(stack)
        if event["detail-type"] == "DocumentOperationNotification"
    ]


# ---------------------------------------------------------------- PATCH


def test_a_change_affects_the_named_attributes_only(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack, acCaption="A leaf", acTags=["green"], orientation=3)
    before = stack.request("GET", f"/api/v1/metadata/{metadata}").json()["data"]["attributes"]
    response = change(stack, "metadata", metadata, acCaption=None, sourceSet="2026")
    after = response.json()["data"]["attributes"]
    assert (response.status, header(response, "etag")) == (200, '"2"')
    assert "acCaption" not in after
    assert after["sourceSet"] == "2026"
    changed = {name for name in before if before[name] != after.get(name)}
    of_the_version = {"xmpMetadataDate", "lastUpdatedOn", "resourceVersion"}
    assert changed == {"acCaption", "sourceSet", *of_the_version}
    assert operations(stack).count(("UPDATE", "metadata")) == 2  # the thumbnail's, and this
    last = audit_entries(stack, f"filter[instanceId]=metadata/{metadata}")[0]
    assert (last["version"], last["snapshotType"], last["author"]) == (2, "UPDATE", "dev")
    assert last["changedProperties"] == ["acCaption", "sourceSet"]


def test_a_change_of_an_old_version_is_refused(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    first = {"If-Match": '"1"'}
    assert change(stack, "metadata", metadata, headers=first, acCaption="A").status == 200
    response = change(stack, "metadata", metadata, headers=first, acCaption="B")
    assert problems(response) == [("412", "version_changed")]
    assert problems(delete(stack, "metadata", metadata, headers=first)) == [
        ("412", "version_changed")
    ]
    either = {"If-Match": '"7", "2"'}
    assert change(stack, "metadata", metadata, headers=either, acCaption="B").status == 200


def test_persons_are_replaced_and_removed(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    person = {"data": {"type": "person", "id": "01a201b2-61d3-7847-b106-8d77d4d6c0e9"}}
    both = change(
        stack,
        "metadata",
        metadata,
        relationships={"dcCreator": person, "acMetadataCreator": person},
    )
    shown = both.json()["data"]["relationships"]
    assert {name: one["data"] for name, one in shown.items()} == {
        "dcCreator": person["data"],
        "acMetadataCreator": person["data"],
    }
    one = change(stack, "metadata", metadata, relationships={"dcCreator": {"data": None}})
    assert set(one.json()["data"]["relationships"]) == {"acMetadataCreator"}
    unknown = change(stack, "metadata", metadata, relationships={"owner": person})
    assert unknown.json()["errors"][0]["detail"] == "Unknown relationship [owner]"


def test_all_errors_of_a_change_are_reported_together(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    response = change(
        stack,
        "metadata",
        metadata,
        bucket="other",
        dcType=None,
        orientation=9,
        fileIdentifier="01a201b2-61d3-7847-b106-8d77d4d6c0e9",
        acSubtype="SHEET",
    )
    assert response.status == 400
    told = {(error["status"], error["code"]) for error in response.json()["errors"]}
    assert told == {
        ("422", "bucket_is_fixed"),
        ("422", "file_is_fixed"),
        ("422", "constraint_violation"),
        ("400", "unknown_subtype"),
    }


def test_a_record_with_derivatives_moves_after_their_deletion(stack: LocalStack) -> None:
    external = {"resourceExternalURL": "https://example.org/7", "dcFormat": "text/html"}
    attributes = {"bucket": "mybucket", **external}
    created = send(
        stack, "POST", "/api/v1/metadata", {"type": "metadata", "attributes": attributes}
    )
    metadata = created.json()["data"]["id"]
    derived = derive(stack, upload_derivative(stack, b"text", media_type="text/plain"), metadata)
    assert derived.status == 201, derived.text
    entry = {"type": "metadata", "id": metadata, "attributes": {"bucket": "other"}}
    refused = [("409", "record_has_derivatives")]
    assert problems(change(stack, "metadata", metadata, bucket="other")) == refused
    assert problems(send(stack, "PATCH", "/api/v1/metadata/bulk", [entry], headers=BULK)) == refused
    assert delete(stack, "derivative", derived.json()["data"]["id"]).status == 204
    moved = change(stack, "metadata", metadata, bucket="other")
    assert moved.json()["data"]["attributes"]["bucket"] == "other"


@pytest.mark.parametrize("in_bulk", [False, True])
@pytest.mark.parametrize("moves_first", [False, True])
def test_a_derivative_and_a_move_of_its_source_at_the_same_moment(
    stack: LocalStack, aws_calls: AwsCalls, moves_first: bool, in_bulk: bool
) -> None:
    """Whichever is written first, the other is refused: it was checked before."""
    external = {"resourceExternalURL": "https://example.org/7", "dcFormat": "text/html"}
    attributes = {"bucket": "mybucket", **external}
    created = send(
        stack, "POST", "/api/v1/metadata", {"type": "metadata", "attributes": attributes}
    )
    metadata = created.json()["data"]["id"]
    files = [
        upload_derivative(stack, b"text", media_type="text/plain")
        for _ in range(2 if in_bulk else 1)
    ]

    def move() -> Response:
        if not in_bulk:
            return change(stack, "metadata", metadata, bucket="other")
        entry = {"type": "metadata", "id": metadata, "attributes": {"bucket": "other"}}
        return send(stack, "PATCH", "/api/v1/metadata/bulk", [entry], headers=BULK)

    def derive_all() -> Response:
        if not in_bulk:
            return derive(stack, files[0], metadata)
        entries = [derivative_of(file, metadata) for file in files]
        return send(stack, "POST", "/api/v1/derivative/bulk", entries, headers=BULK)

    first, second = (move, derive_all) if moves_first else (derive_all, move)
    done = aws_calls.interrupt_before("TransactWriteItems", first)
    refused = second()
    aws_calls.stop()
    [written] = done
    assert written.status in (200, 201), written.text
    expected = (
        ("422", "source_of_another_bucket")
        if moves_first
        else (
            "409",
            "record_has_derivatives",
        )
    )
    assert set(problems(refused)) == {expected}


def test_a_document_must_name_the_record_in_the_path(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    data = {"type": "metadata", "id": "01a201b2-61d3-7847-b106-8d77d4d6c0e9", "attributes": {}}
    response = send(stack, "PATCH", f"/api/v1/metadata/{metadata}", data)
    assert problems(response) == [("400", "wrong_identifier")]


def test_two_concurrent_changes_are_both_applied(stack: LocalStack, aws_calls: AwsCalls) -> None:
    _, metadata = upload_and_describe(stack)
    done = aws_calls.interrupt_before(
        1, lambda: change(stack, "metadata", metadata, sourceSet="theirs")
    )
    response = change(stack, "metadata", metadata, acCaption="ours")
    aws_calls.stop()
    assert [one.status for one in (*done, response)] == [200, 200]
    attributes = response.json()["data"]["attributes"]
    assert (attributes["acCaption"], attributes["sourceSet"]) == ("ours", "theirs")


def test_an_administrator_corrects_detected_values(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack)
    response = change(stack, "object-upload", file, evaluatedMediaType="image/x-png", sha1Hex="0")
    assert response.status == 200
    assert record(stack, file)["evaluatedMediaType"] == "image/x-png"
    change(stack, "metadata", metadata)
    shown = stack.request("GET", f"/api/v1/metadata/{metadata}").json()["data"]["attributes"]
    assert shown["dcFormat"] == "image/x-png"


# ---------------------------------------------------------------- DELETE


def test_after_metadata_is_deleted_its_file_can_be_described_again(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack)
    thumbnail = record(stack, file)["thumbnailIdentifier"]
    assert delete(stack, "metadata", metadata).status == 204
    gone = stack.request("GET", f"/api/v1/metadata/{metadata}")
    assert problems(gone) == [("410", "metadata_deleted")]
    assert stack.request("GET", f"/api/v1/derivative/{thumbnail}").status == 410
    about = gone.json()["errors"][0]["links"]["about"]
    stack.settle(retries=True)
    told = stack.request("GET", f"/{about.split('/', 3)[3]}")
    assert told.json()["data"][0]["attributes"]["snapshotType"] == "TERMINAL"
    again = describe(stack, file)
    assert again.status == 201
    assert stack.request("GET", f"/api/v1/derivative/{thumbnail}").status == 200
    assert operations(stack).count(("ADD", "derivative")) == 2
    versions = [
        one["version"] for one in audit_entries(stack, f"filter[instanceId]=derivative/{thumbnail}")
    ]
    assert versions == [3, 2, 1]


def test_all_derivatives_are_deleted_with_the_metadata(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    files = [upload_derivative(stack, png(20, 20)) for _ in range(60)]
    for file in files:
        assert derive(stack, file, metadata).status == 201
    assert delete(stack, "metadata", metadata).status == 204
    stack.settle(retries=True)
    records = stack.items("DerivativesTable")
    assert len(records) == 61
    assert all("deletedOn" in item for item in records)
    claims = [item.get("claimedBy") for item in stack.items("UploadsTable")]
    assert claims == [None] * 61
    stack.clock.advance(timedelta(hours=2))
    stack.run_schedule("KeepHouseFunction")
    [tombstone] = stack.items("MetadataTable")
    assert "cascading" not in tombstone
    assert "expiresAt" in tombstone


def test_deleting_a_derivative_also_publishes_an_event_of_its_metadata(stack: LocalStack) -> None:
    _, metadata = upload_and_describe(stack)
    made = derive(stack, upload_derivative(stack, png()), metadata).json()["data"]["id"]
    before = operations(stack).count(("UPDATE", "metadata"))
    assert delete(stack, "derivative", made).status == 204
    told = operations(stack)
    assert ("DELETE", "derivative") in told
    assert told.count(("UPDATE", "metadata")) == before + 1


def test_a_file_with_metadata_cannot_be_deleted(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack)
    assert problems(delete(stack, "object-upload", file)) == [("409", "upload_in_use")]
    delete(stack, "metadata", metadata)
    assert delete(stack, "object-upload", file).status == 204
    assert stack.keys("ObjectBucket", "") == []
    assert stack.request("GET", f"/api/v1/object-upload/{file}").status == 410
    assert stack.request("GET", f"/api/v1/file/mybucket/{file}").status == 410


def test_a_deleted_record_is_gone_after_its_tombstone_expired(stack: LocalStack) -> None:
    file, metadata = upload_and_describe(stack)
    delete(stack, "metadata", metadata)
    delete(stack, "object-upload", file)
    stack.settle(retries=True)
    stack.clock.advance(timedelta(hours=2))
    stack.run_schedule("KeepHouseFunction")
    stack.clock.advance(timedelta(days=91))
    for swept in (False, True):
        if swept:
            stack.sweep_expired()
        for kind, identifier in (("metadata", metadata), ("object-upload", file)):
            response = stack.request("GET", f"/api/v1/{kind}/{identifier}")
            assert problems(response) == [("410", "record_deleted")]
    assert stack.items("MetadataTable") == stack.items("UploadsTable") == []


def test_one_of_two_concurrent_requests_describes_the_file(stack: LocalStack) -> None:
    file = upload(stack, png()).json()["fileIdentifier"]
    responses: list[Response] = []
    threads = [Thread(target=lambda: responses.append(describe(stack, file))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(response.status for response in responses) == [201, 409]
    assert len(stack.items("MetadataTable")) == 1
