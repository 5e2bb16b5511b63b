"""Records are changed and deleted, with their events and audit entries."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.clients import (
    JSON_API,
    change,
    delete,
    derive,
    describe,
    header,
    problems,
    record,
    send,
    unique_events,
    upload,
    upload_derivative,
)
from tests.api.images import jpeg, png

MANY = 40


def described(stack: LocalStack, **attributes: Any) -> tuple[str, str]:
    """Upload and describe a file and return the ids of both."""
    file = upload(stack, png()).json()["fileIdentifier"]
    stack.settle(retries=True)
    return file, str(describe(stack, file, **attributes).json()["data"]["id"])


def operations(stack: LocalStack) -> list[tuple[str, str]]:
    stack.settle(retries=True)
    return [
        (event["detail"]["operationType"], event["detail"]["documentType"])
        for event in unique_events(stack)
        if event["detail-type"] == "DocumentOperationNotification"
    ]


def history(stack: LocalStack, query: str) -> list[dict[str, Any]]:
    response = stack.request("GET", f"/api/v1/audit-snapshot?{query}")
    assert response.status == 200, response.text
    return [one["attributes"] for one in response.json()["data"]]


# ---------------------------------------------------------------- PATCH


def test_a_change_affects_the_named_attributes_only(stack: LocalStack) -> None:
    _, metadata = described(stack, acCaption="A leaf", acTags=["green"], orientation=3)
    before = stack.request("GET", f"/api/v1/metadata/{metadata}").json()["data"]["attributes"]
    response = change(stack, "metadata", metadata, acCaption=None, sourceSet="2026")
    after = response.json()["data"]["attributes"]
    assert (response.status, header(response, "etag")) == (200, '"2"')
    assert "acCaption" not in after
    assert after["sourceSet"] == "2026"
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {"acCaption", "sourceSet", "xmpMetadataDate"}
    assert operations(stack).count(("UPDATE", "metadata")) == 2  # the thumbnail's, and this
    last = history(stack, f"filter[instanceId]=metadata/{metadata}")[0]
    assert (last["version"], last["snapshotType"], last["author"]) == (2, "UPDATE", "dev")
    assert last["changedProperties"] == ["acCaption", "sourceSet"]


def test_a_change_of_an_old_version_is_refused(stack: LocalStack) -> None:
    _, metadata = described(stack)
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
    _, metadata = described(stack)
    person = {"data": {"type": "person", "id": "01a201b2-61d3-7847-b106-8d77d4d6c0e9"}}
    both = change(
        stack,
        "metadata",
        metadata,
        relationships={"dcCreator": person, "acMetadataCreator": person},
    )
    assert both.json()["data"]["relationships"] == {
        "dcCreator": person,
        "acMetadataCreator": person,
    }
    one = change(stack, "metadata", metadata, relationships={"dcCreator": {"data": None}})
    assert one.json()["data"]["relationships"] == {"acMetadataCreator": person}
    unknown = change(stack, "metadata", metadata, relationships={"owner": person})
    assert unknown.json()["errors"][0]["detail"] == "Unknown relationship [owner]"


def test_all_errors_of_a_change_are_reported_together(stack: LocalStack) -> None:
    _, metadata = described(stack)
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
    bulk = {"Content-Type": f"{JSON_API}; ext=bulk"}
    refused = [("409", "record_has_derivatives")]
    assert problems(change(stack, "metadata", metadata, bucket="other")) == refused
    assert problems(send(stack, "PATCH", "/api/v1/metadata/bulk", [entry], headers=bulk)) == refused
    assert delete(stack, "derivative", derived.json()["data"]["id"]).status == 204
    moved = change(stack, "metadata", metadata, bucket="other")
    assert moved.json()["data"]["attributes"]["bucket"] == "other"


def test_a_document_must_name_the_record_in_the_path(stack: LocalStack) -> None:
    _, metadata = described(stack)
    data = {"type": "metadata", "id": "01a201b2-61d3-7847-b106-8d77d4d6c0e9", "attributes": {}}
    response = send(stack, "PATCH", f"/api/v1/metadata/{metadata}", data)
    assert problems(response) == [("400", "wrong_identifier")]


def test_two_concurrent_changes_are_both_applied(stack: LocalStack, aws_calls: AwsCalls) -> None:
    _, metadata = described(stack)
    done = aws_calls.interrupt_before(
        1, lambda: change(stack, "metadata", metadata, sourceSet="theirs")
    )
    response = change(stack, "metadata", metadata, acCaption="ours")
    aws_calls.stop()
    assert [one.status for one in (*done, response)] == [200, 200]
    attributes = response.json()["data"]["attributes"]
    assert (attributes["acCaption"], attributes["sourceSet"]) == ("ours", "theirs")


def test_an_administrator_corrects_detected_values(stack: LocalStack) -> None:
    file, metadata = described(stack)
    response = change(stack, "object-upload", file, evaluatedMediaType="image/x-png", sha1Hex="0")
    assert response.status == 200
    assert record(stack, file)["evaluatedMediaType"] == "image/x-png"
    change(stack, "metadata", metadata)
    shown = stack.request("GET", f"/api/v1/metadata/{metadata}").json()["data"]["attributes"]
    assert shown["dcFormat"] == "image/x-png"


# ---------------------------------------------------------------- DELETE


def test_after_metadata_is_deleted_its_file_can_be_described_again(stack: LocalStack) -> None:
    file, metadata = described(stack)
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
        one["version"] for one in history(stack, f"filter[instanceId]=derivative/{thumbnail}")
    ]
    assert versions == [3, 2, 1]


def test_all_derivatives_are_deleted_with_the_metadata(stack: LocalStack) -> None:
    _, metadata = described(stack)
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
    _, metadata = described(stack)
    made = derive(stack, upload_derivative(stack, png()), metadata).json()["data"]["id"]
    before = operations(stack).count(("UPDATE", "metadata"))
    assert delete(stack, "derivative", made).status == 204
    told = operations(stack)
    assert ("DELETE", "derivative") in told
    assert told.count(("UPDATE", "metadata")) == before + 1


def test_a_file_with_metadata_cannot_be_deleted(stack: LocalStack) -> None:
    file, metadata = described(stack)
    assert problems(delete(stack, "object-upload", file)) == [("409", "upload_in_use")]
    delete(stack, "metadata", metadata)
    assert delete(stack, "object-upload", file).status == 204
    assert stack.keys("ObjectBucket", "") == []
    assert stack.request("GET", f"/api/v1/object-upload/{file}").status == 410
    assert stack.request("GET", f"/api/v1/file/mybucket/{file}").status == 410


def test_a_deleted_record_is_gone_after_its_tombstone_expired(stack: LocalStack) -> None:
    file, metadata = described(stack)
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


# ---------------------------------------------------------------- derivatives


@pytest.mark.parametrize("path", ["/api/v1/derivative", "/api/v1/derivative/"])
def test_a_thumbnail_is_submitted_as_in_the_user_guide(stack: LocalStack, path: str) -> None:
    _, metadata = described(stack)
    file = upload_derivative(stack, jpeg(), media_type="image/jpeg")
    data = {
        "type": "derivative",
        "attributes": {
            "fileIdentifier": file,
            "dcType": "Image",
            "derivativeType": "THUMBNAIL_IMAGE",
        },
        "relationships": {"acDerivedFrom": {"data": {"id": metadata, "type": "metadata"}}},
    }
    response = send(stack, "POST", path, data)
    assert response.status == 201, response.text
    attributes = response.json()["data"]["attributes"]
    assert attributes["bucket"] == "mybucket"
    assert attributes["dcFormat"] == "image/jpeg"
    assert attributes["publiclyReleasable"] is False
    assert stack.request("GET", f"/api/v1/file/mybucket/derivative/{file}").body == jpeg()


def test_a_derivative_is_downloaded_under_the_name_in_its_record(stack: LocalStack) -> None:
    _, metadata = described(stack)
    file = upload_derivative(stack, png())
    assert derive(stack, file, metadata, filename="my leaf.tif").status == 201
    response = stack.request("GET", f"/api/v1/file/mybucket/derivative/{file}")
    assert "my leaf.png" in header(response, "content-disposition")


def test_a_large_image_gets_a_thumbnail_if_its_metadata_has_none(stack: LocalStack) -> None:
    file = upload(stack, b"only text", name="a.txt", media_type=None).json()["fileIdentifier"]
    metadata = describe(stack, file).json()["data"]["id"]
    made = upload_derivative(stack, png())
    assert derive(stack, made, metadata, derivativeType="LARGE_IMAGE").status == 201
    stack.settle(retries=True)
    thumbnail = record(stack, made)["thumbnailIdentifier"]
    assert record(stack, made)["thumbnailStatus"] == "READY"
    assert stack.keys("ObjectBucket", "thumbnails/") == [f"thumbnails/mybucket/{thumbnail}.jpg"]
    shown = stack.request("GET", f"/api/v1/derivative/{thumbnail}").json()["data"]["attributes"]
    assert shown["createdBy"] == "System Generated"
    response = stack.request("GET", f"/api/v1/file/mybucket/derivative/{thumbnail}")
    assert response.status == 200, response.text


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


# ---------------------------------------------------------------- killed anywhere


@pytest.mark.parametrize("what", ["change", "deletion", "derivative", "upload"])
def test_a_change_killed_at_any_call_is_applied_or_not_at_all(
    stack: LocalStack, aws_calls: AwsCalls, what: str
) -> None:
    if stack.faults.chaos:
        return
    for fatal in range(MANY):
        stack.reset()
        file, metadata = described(stack)
        made = upload_derivative(stack, png())
        if what == "deletion":
            assert derive(stack, made, metadata).status == 201
        if what == "upload":
            delete(stack, "metadata", metadata)
        aws_calls.kill_before(fatal)
        response = _ask(stack, what, file, metadata, made)
        killed = aws_calls.killed
        aws_calls.stop()
        for _ in range(2):
            stack.clock.advance(timedelta(hours=2))
            stack.run_schedule("KeepHouseFunction")
            stack.settle(retries=True)
        _is_whole(stack)
        if not killed:
            assert response.status < 300
            return
    pytest.fail("the run never got to its end")


def _ask(stack: LocalStack, what: str, file: str, metadata: str, made: str) -> Response:
    match what:
        case "change":
            return change(stack, "metadata", metadata, acCaption="A leaf")
        case "deletion":
            return delete(stack, "metadata", metadata)
        case "derivative":
            return derive(stack, made, metadata)
    return delete(stack, "object-upload", file)


def _is_whole(stack: LocalStack) -> None:
    """Assert that every claim belongs to an existing record and every deletion is complete."""
    alive = {
        f"{kind}/{item['id']}"
        for kind, table in (("metadata", "MetadataTable"), ("derivative", "DerivativesTable"))
        for item in stack.items(table)
        if "deletedOn" not in item
    }
    uploads = stack.items("UploadsTable")
    claims = {item["claimedBy"] for item in uploads if "claimedBy" in item}
    generated = {
        f"derivative/{item['id']}"
        for item in stack.items("DerivativesTable")
        if item["createdBy"] == "System Generated"
    }
    assert claims == alive - generated
    for item in stack.items("MetadataTable"):
        assert "deletedOn" not in item or ("expiresAt" in item and "cascading" not in item)
    for item in stack.items("DerivativesTable"):
        assert "deletedOn" in item or f"metadata/{item['acDerivedFrom']}" in alive
    kept = set(stack.keys("ObjectBucket", ""))
    for item in uploads:
        assert (item["objectKey"] in kept) is ("deletedOn" not in item)
    audited = [(one["instanceId"], int(one["version"])) for one in stack.items("AuditTable")]
    assert len(audited) == len(set(audited))


# ---------------------------------------------------------------- the audit


def test_audit_entries_are_found_by_record_and_by_author(stack: LocalStack) -> None:
    _, metadata = described(stack)
    change(stack, "metadata", metadata, acCaption="A leaf")
    stack.settle(retries=True)
    of_record = history(stack, f"filter[instanceId][EQ]=metadata/{metadata}")
    assert [one["snapshotType"] for one in of_record] == ["UPDATE", "INITIAL"]
    assert {one["author"] for one in history(stack, "filter[author]=dev")} == {"dev"}
    both = f"filter[instanceId]=metadata/{metadata}&filter[author]=nobody"
    assert history(stack, both) == []
    page = stack.request(
        "GET", f"/api/v1/audit-snapshot?filter[instanceId]=metadata/{metadata}&page[limit]=1"
    ).json()
    assert page["meta"]["totalResourceCount"] == 2
    assert "page%5Boffset%5D=1" in page["links"]["next"]
    assert page["data"][0]["id"] == f"metadata/{metadata}/{of_record[0]['commitDateTime']}"


@pytest.mark.parametrize(
    "query",
    ["", "filter[instanceId]=metadata", "filter[colour]=red", "filter[author]=dev&page[limit]=0",
     "filter[author]=dev&page[offset]=10001", "filter[author]=dev&sort=author"],
)  # fmt: skip
def test_an_invalid_audit_query_is_refused(stack: LocalStack, query: str) -> None:
    response = stack.request("GET", f"/api/v1/audit-snapshot?{query}")
    assert problems(response)[0] == ("400", "malformed_parameter")
    assert header(response, "content-type") == JSON_API
