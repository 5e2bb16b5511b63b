"""Counting again how long lists are, while the change stream goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from coffer.domain.listing.index_keys import Kind
from local.stack import LocalStack
from operations import commands
from operations.installation import Installation
from operations.recount import CounterDifference, CounterStatus, RecordCounts, recount
from tests.api.clients import delete, describe, upload
from tests.api.images import png


@dataclass(frozen=True)
class InProcessInstallation:
    """The stack of this process, as an installation."""

    stack: LocalStack
    api_url: str = ""

    @property
    def names(self) -> Mapping[str, str]:
        tables = ("UploadsTable", "MetadataTable", "DerivativesTable", "CountsTable", "AuditTable")
        return {name: self.stack.name(name) for name in (*tables, "FailedChangesBucket")}

    def environment(self, function: str) -> Mapping[str, str]:
        return {}

    def client(self, service: str) -> Any:
        return self.stack.client(service)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        raise AssertionError(f"{function} is not needed to count records")

    def now(self) -> datetime:
        return self.stack.clock.now()


@pytest.fixture
def installation(stack: LocalStack) -> Installation:
    """Return an installation with a described public upload and a deleted one, all published."""
    described, deleted = (upload(stack, png()).json()["fileIdentifier"] for _ in range(2))
    assert describe(stack, described).status == 201
    assert delete(stack, "object-upload", deleted).status == 204
    stack.settle()
    return InProcessInstallation(stack)


def counters(stack: LocalStack) -> dict[tuple[str, str], RecordCounts]:
    """Return the counters by kind and bucket."""
    return {
        (item["kind"], item["bucketKey"]): RecordCounts(
            int(item["records"]), int(item["publicRecords"])
        )
        for item in stack.items("CountsTable")
    }


def set_counter(stack: LocalStack, kind: Kind, records: int, bucket: str = "mybucket") -> None:
    """Set a counter."""
    stack.client("dynamodb").put_item(
        TableName=stack.name("CountsTable"),
        Item={
            "kind": {"S": kind.value},
            "bucketKey": {"S": bucket},
            "records": {"N": str(records)},
            "publicRecords": {"N": "0"},
        },
    )


def remove_snapshot(stack: LocalStack) -> None:
    """Delete the snapshot of metadata from the audit, as if it were unpublished."""
    [snapshot] = [
        one for one in stack.items("AuditTable") if one["instanceId"].startswith("metadata/")
    ]
    stack.client("dynamodb").delete_item(
        TableName=stack.name("AuditTable"),
        Key={
            "instanceId": {"S": snapshot["instanceId"]},
            "version": {"N": str(snapshot["version"])},
        },
    )


def differences(installation: Installation, **how: bool) -> tuple[CounterDifference, ...]:
    return recount(installation, lambda _line: None, **how).differences


def test_published_changes_are_counted(stack: LocalStack, installation: Installation) -> None:
    assert differences(installation) == ()
    assert counters(stack) == {
        ("metadata", "mybucket"): RecordCounts(1, 1),
        ("derivative", "mybucket"): RecordCounts(1, 1),
        ("object-upload", "mybucket"): RecordCounts(1, 0),
    }


def test_counters_that_differ_are_corrected(stack: LocalStack, installation: Installation) -> None:
    right = counters(stack)
    set_counter(stack, Kind.METADATA, 7)
    set_counter(stack, Kind.METADATA, 3, bucket="nowhere")
    stack.client("dynamodb").delete_item(
        TableName=stack.name("CountsTable"),
        Key={"kind": {"S": "object-upload"}, "bucketKey": {"S": "mybucket"}},
    )
    found = [
        (one.kind, one.bucket_key, one.status) for one in differences(installation, dry_run=True)
    ]
    assert found == [
        (Kind.METADATA, "mybucket", CounterStatus.FOUND),
        (Kind.METADATA, "nowhere", CounterStatus.FOUND),
        (Kind.OBJECT_UPLOAD, "mybucket", CounterStatus.FOUND),
    ]
    assert {one.status for one in differences(installation)} == {CounterStatus.CORRECTED}
    assert counters(stack) == right | {("metadata", "nowhere"): RecordCounts(0, 0)}
    assert differences(installation) == ()


def test_unpublished_changes_leave_the_counters_alone(
    stack: LocalStack, installation: Installation
) -> None:
    set_counter(stack, Kind.METADATA, 0)
    remove_snapshot(stack)
    assert [one.status for one in differences(installation)] == [CounterStatus.UNPUBLISHED]
    assert counters(stack)["metadata", "mybucket"] == RecordCounts(0, 0)
    assert [one.status for one in differences(installation, regardless=True)] == [
        CounterStatus.CORRECTED
    ]
    assert counters(stack)["metadata", "mybucket"] == RecordCounts(1, 1)


def test_failed_changes_leave_the_counters_alone(
    stack: LocalStack, installation: Installation
) -> None:
    set_counter(stack, Kind.METADATA, 0)
    stack.client("s3").put_object(
        Bucket=stack.name("FailedChangesBucket"), Key="aws/lambda/x/1", Body=b"{}"
    )
    assert [one.status for one in differences(installation)] == [CounterStatus.UNPUBLISHED]


def test_a_counter_that_changes_meanwhile_is_left_alone(
    stack: LocalStack, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_counter(stack, Kind.METADATA, 7)
    clients = {name: stack.client(name) for name in ("dynamodb", "s3")}
    update: Callable[..., Any] = clients["dynamodb"].update_item

    def after_another_write(**arguments: Any) -> Any:
        set_counter(stack, Kind.METADATA, 8)
        return update(**arguments)

    monkeypatch.setattr(clients["dynamodb"], "update_item", after_another_write)
    monkeypatch.setattr(stack, "client", clients.__getitem__)
    assert [one.status for one in differences(installation)] == [CounterStatus.CHANGED]
    assert counters(stack)["metadata", "mybucket"] == RecordCounts(8, 0)


def test_the_command_prints_what_it_did(
    stack: LocalStack,
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands, "_installation", lambda _stack: installation)
    assert commands.main(["recount"]) == 0
    assert capsys.readouterr().out == "3 counters, 0 differ\n"
    set_counter(stack, Kind.DERIVATIVE, 7)
    assert commands.main(["recount", "--dry-run"]) == 1
    assert commands.main(["recount"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "corrected derivative mybucket: the counter had 7 records, 0 of them public, "
        "the table has 1 records, 1 of them public",
        "3 counters, 1 differ",
    ]
    set_counter(stack, Kind.METADATA, 7)
    remove_snapshot(stack)
    assert commands.main(["recount"]) == 1
    assert "make redrive-stream" in capsys.readouterr().out
