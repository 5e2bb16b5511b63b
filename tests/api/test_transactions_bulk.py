"""Bulk requests: one transaction up to thirty entries, several for more."""

from __future__ import annotations

from typing import Any

import pytest

from local.gateway.api import Response
from local.stack import LocalStack
from tests.api.aws_calls import AwsCalls
from tests.api.clients import change, describe, problems, send, upload, upload_derivative
from tests.api.images import png

BULK = "/api/v1/metadata/bulk"


def external(number: int, **attributes: Any) -> dict[str, Any]:
    """Return an entry that describes an external resource."""
    given = {
        "bucket": "mybucket",
        "resourceExternalURL": f"https://example.org/{number}",
        "dcFormat": "text/html",
    }
    return {"type": "metadata", "attributes": given | attributes}


def of_file(identifier: str) -> dict[str, Any]:
    return {"type": "metadata", "attributes": {"bucket": "mybucket", "fileIdentifier": identifier}}


def create(stack: LocalStack, entries: list[dict[str, Any]]) -> Response:
    headers = {"Content-Type": "application/vnd.api+json; ext=bulk"}
    return send(stack, "POST", BULK, entries, headers=headers)


def test_thirty_files_are_described_in_one_transaction(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    files = [upload(stack, png()).json()["fileIdentifier"] for _ in range(30)]
    aws_calls.count()
    response = create(stack, [of_file(file) for file in files])
    made, calls = response.json()["data"], list(aws_calls.made)
    aws_calls.stop()
    assert response.status == 200
    assert [one["attributes"]["fileIdentifier"] for one in made] == files
    if not stack.faults.chaos:
        assert calls.count("TransactWriteItems") == 1
        assert set(calls) <= {"TransactWriteItems", "BatchGetItem"}
    stack.settle(retries=True)
    assert len(stack.items("DerivativesTable")) == 30
    assert {item["claimedBy"] for item in stack.items("UploadsTable")} == {
        f"metadata/{one['id']}" for one in made
    }


def test_one_bad_entry_changes_nothing(stack: LocalStack) -> None:
    entries = [external(number) for number in range(40)]
    entries[35]["attributes"]["orientation"] = 9
    response = create(stack, entries)
    assert problems(response) == [("422", "constraint_violation")]
    [error] = response.json()["errors"]
    assert error["source"]["pointer"] == "/data/35/attributes/orientation"
    assert stack.items("MetadataTable") == []


def test_all_errors_of_all_entries_are_reported_together(stack: LocalStack) -> None:
    response = create(stack, [external(0, orientation=9), external(1, bucket="-"), external(2)])
    assert response.status == 400
    told = [(error["status"], error["source"]["pointer"]) for error in response.json()["errors"]]
    assert told == [
        ("422", "/data/0/attributes/orientation"),
        ("400", "/data/1/attributes/bucket"),
    ]


def test_two_entries_for_one_file_are_refused(stack: LocalStack) -> None:
    file = upload(stack, png()).json()["fileIdentifier"]
    response = create(stack, [of_file(file), of_file(file)])
    assert problems(response) == [("409", "file_already_described")]
    assert stack.items("MetadataTable") == []


def test_more_than_a_thousand_entries_are_refused(stack: LocalStack) -> None:
    assert problems(create(stack, [external(0)] * 1001)) == [("413", "too_many_entries")]


def test_a_thousand_entries_are_written_thirty_at_a_time(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    aws_calls.count()
    response = create(stack, [external(number) for number in range(1000)])
    calls = aws_calls.made.count("TransactWriteItems")
    aws_calls.stop()
    assert response.status == 200
    assert len(stack.items("MetadataTable")) == 1000
    assert stack.faults.chaos or calls == 34


def test_a_conflict_after_the_first_transaction_is_reported_with_the_written_records(
    stack: LocalStack, aws_calls: AwsCalls
) -> None:
    file = upload(stack, png()).json()["fileIdentifier"]
    entries = [external(number) for number in range(45)]
    entries[40] = of_file(file)
    aws_calls.count()
    create(stack, [external(number) for number in range(31)])
    first = aws_calls.made.index("TransactWriteItems")
    aws_calls.stop()
    stack.reset()
    file = upload(stack, png()).json()["fileIdentifier"]
    entries[40] = of_file(file)
    if stack.faults.chaos:
        return
    aws_calls.interrupt_before(first + 3, lambda: describe(stack, file))
    response = create(stack, entries)
    aws_calls.stop()
    assert problems(response) == [("409", "file_already_described")]
    meta = response.json()["meta"]
    assert meta["failed"] == [40]
    assert [one["index"] for one in meta["written"]] == [n for n in range(45) if n != 40]
    assert len(stack.items("MetadataTable")) == 45


def test_a_bulk_change_changes_all_records_or_none(stack: LocalStack) -> None:
    made = create(stack, [external(number) for number in range(3)]).json()["data"]
    entries = [
        {"type": "metadata", "id": one["id"], "attributes": {"acCaption": "A leaf"}} for one in made
    ]
    response = send(stack, "PATCH", BULK, entries)
    assert response.status == 200
    assert [one["attributes"]["acCaption"] for one in response.json()["data"]] == ["A leaf"] * 3
    entries[2] = {**entries[2], "id": "01a201b2-61d3-7847-b106-8d77d4d6c0e9"}
    entries[0]["attributes"] = {"acCaption": None}
    assert problems(send(stack, "PATCH", BULK, entries)) == [("404", "metadata_not_found")]
    assert {int(item["version"]) for item in stack.items("MetadataTable")} == {2}


def test_two_entries_for_one_record_are_refused(stack: LocalStack) -> None:
    [one] = create(stack, [external(0)]).json()["data"]
    entry = {"type": "metadata", "id": one["id"], "attributes": {}}
    response = send(stack, "PATCH", BULK, [entry, entry])
    assert problems(response) == [("400", "repeated_entry")]


def test_many_derivatives_get_one_thumbnail(stack: LocalStack) -> None:
    [source] = create(stack, [external(0, publiclyReleasable=True)]).json()["data"]
    entries = [
        {
            "type": "derivative",
            "attributes": {
                "dcType": "IMAGE",
                "fileIdentifier": upload_derivative(stack, png(colour=colour)),
            },
            "relationships": {"acDerivedFrom": {"data": {"type": "metadata", "id": source["id"]}}},
        }
        for colour in ("red", "green", "blue")
    ]
    response = send(stack, "POST", "/api/v1/derivative/bulk", entries)
    assert response.status == 200, response.text
    stack.settle(retries=True)
    records = stack.items("DerivativesTable")
    assert sorted(item["createdBy"] for item in records) == [
        "System Generated",
        "dev",
        "dev",
        "dev",
    ]
    changes = [
        {"type": "derivative", "id": one["id"], "attributes": {"publiclyReleasable": True}}
        for one in response.json()["data"]
    ]
    assert send(stack, "PATCH", "/api/v1/derivative/bulk", changes).status == 200


def test_a_bulk_load_returns_all_records_or_none(stack: LocalStack) -> None:
    made = create(stack, [external(number) for number in range(3)]).json()["data"]
    path = "/api/v1/metadata/bulk-load"
    named = [{"type": "metadata", "id": one["id"]} for one in reversed(made)]
    response = send(stack, "POST", path, named)
    assert [one["id"] for one in response.json()["data"]] == [one["id"] for one in reversed(made)]
    assert "totalResourceCount" not in response.json()["meta"]
    absent = "01a201b2-61d3-7847-b106-8d77d4d6c0e9"
    stack.request("DELETE", f"/api/v1/metadata/{made[0]['id']}")
    refused = send(stack, "POST", path, [*named, {"type": "metadata", "id": absent}])
    told = [(error["status"], error["source"]["pointer"]) for error in refused.json()["errors"]]
    assert told == [("410", f"/data/id/{made[0]['id']}"), ("404", f"/data/id/{absent}")]


@pytest.mark.parametrize("kind", ["metadata", "derivative", "object-upload"])
def test_an_empty_list_is_refused(stack: LocalStack, kind: str) -> None:
    response = send(stack, "POST", f"/api/v1/{kind}/bulk-load", [])
    assert problems(response) == [("400", "malformed_document")]


def test_a_record_created_in_bulk_is_like_any_other(stack: LocalStack) -> None:
    [one] = create(stack, [external(0)]).json()["data"]
    assert change(stack, "metadata", one["id"], acCaption="A leaf").status == 200
