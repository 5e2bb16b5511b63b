"""A change that can never be published is set aside alone, and no other change waits for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from coffer.adapters.dynamodb.changes.audit_trail import DynamoAuditTrail
from coffer.domain.errors import ChangeRefusedError
from local.stack import LocalStack
from operations.failed_changes import redrive_stream
from tests.api.clients import describe, upload
from tests.api.images import png
from tests.faults.simulation import InProcess

BUCKET = "FailedChangesBucket"


def described(stack: LocalStack) -> str:
    """Return the identifier of a new metadata record."""
    file = upload(stack, png()).json()["fileIdentifier"]
    response = describe(stack, file)
    assert response.status == 201, response.text
    return str(response.json()["data"]["id"])


def write_unpublishable(stack: LocalStack, identifier: str, **changes: Any) -> None:
    """Write a record into its table that the API would refuse."""
    table = stack.name("MetadataTable")
    [item] = [
        one
        for one in stack.client("dynamodb").scan(TableName=table)["Items"]
        if one["id"]["S"] != identifier
    ]
    stack.client("dynamodb").put_item(
        TableName=table, Item={**item, "id": {"S": identifier}, **changes}
    )


def audited(stack: LocalStack, identifier: str) -> list[Mapping[str, Any]]:
    return [
        one for one in stack.items("AuditTable") if one["instanceId"] == f"metadata/{identifier}"
    ]


LONG_AUTHOR = {"createdBy": {"S": "x" * 2049}}
UNKNOWN_TYPE = {"dcType": {"S": "HOLOGRAM"}}
BAD = "01930000-0000-7000-8000-0000000000ff"


@pytest.mark.parametrize("changes", [LONG_AUTHOR, UNKNOWN_TYPE], ids=["too long", "unreadable"])
def test_a_bad_record_is_set_aside_at_once_and_later_changes_do_not_wait(
    stack: LocalStack, changes: Any
) -> None:
    described(stack)
    stack.settle()
    write_unpublishable(stack, BAD, **changes)
    later = described(stack)
    before = stack.clock.seconds()
    stack.settle()
    assert stack.clock.seconds() - before < 2.0, "a retry was waited for"
    assert len(audited(stack, later)) == 1
    [key] = stack.keys(BUCKET)
    assert key.startswith(f"set-aside/{stack.name('MetadataTable')}/")
    stored = stack.client("s3").get_object(Bucket=stack.name(BUCKET), Key=key)["Body"].read()
    [record] = json.loads(json.loads(stored)["payload"])["Records"]
    assert record["dynamodb"]["Keys"]["id"]["S"] == BAD


def test_a_change_that_the_audit_cannot_store_is_audited_shortened(stack: LocalStack) -> None:
    described(stack)
    stack.settle()
    write_unpublishable(stack, BAD, **LONG_AUTHOR)
    stack.settle()
    [item] = audited(stack, BAD)
    assert item["isShortened"] is True
    assert item["author"] == "x" * 255
    snapshots = stack.request(
        "GET", f"/api/v1/audit-snapshot?filter[instanceId]=metadata/{BAD}"
    ).json()["data"]
    assert snapshots[0]["attributes"]["isShortened"] is True
    documents = [one["detail"].get("documentId") for one in stack.bus_events]
    assert BAD in documents


def test_a_redrive_keeps_what_is_refused_again_and_publishes_what_is_not(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = DynamoAuditTrail.record

    def refuse_complete(
        audit: DynamoAuditTrail, snapshot: Mapping[str, Any], counter_changes: Any = ()
    ) -> None:
        if not snapshot.get("isShortened"):
            raise ChangeRefusedError("too large")
        complete(audit, snapshot, counter_changes)

    with monkeypatch.context() as patch:
        patch.setattr(DynamoAuditTrail, "record", refuse_complete)
        identifier = described(stack)
        stack.settle()
        kept = set(stack.keys(BUCKET))
        changes = redrive_stream(InProcess(stack), print)
        assert changes.published == 0
        assert set(changes.failed) == kept == set(stack.keys(BUCKET))
    assert [one.get("isShortened") for one in audited(stack, identifier)] == [True]
    counted = stack.items("CountsTable")
    changes = redrive_stream(InProcess(stack), print)
    assert changes.published == len(kept) > 0
    assert stack.keys(BUCKET) == []
    assert [one.get("isShortened") for one in audited(stack, identifier)] == [None]
    assert stack.items("CountsTable") == counted
