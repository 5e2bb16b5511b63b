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
from operations.recounting import Difference, Fate, Numbers, recount
from tests.api.clients import delete, describe, upload
from tests.api.images import png


@dataclass(frozen=True)
class Inside:
    """The stack of this process as an installation."""

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
        raise AssertionError(f"{function} is not needed to count")

    def now(self) -> datetime:
        return self.stack.clock.now()


@pytest.fixture
def inside(stack: LocalStack) -> Installation:
    """Two uploads, one described and public, the other deleted; all of it told."""
    described, deleted = (upload(stack, png()).json()["fileIdentifier"] for _ in range(2))
    assert describe(stack, described).status == 201
    assert delete(stack, "object-upload", deleted).status == 204
    stack.settle()
    return Inside(stack)


def kept(stack: LocalStack) -> dict[tuple[str, str], Numbers]:
    """The counters."""
    return {
        (item["kind"], item["bucketKey"]): Numbers(int(item["records"]), int(item["publicRecords"]))
        for item in stack.items("CountsTable")
    }


def set_counter(stack: LocalStack, kind: Kind, records: int, bucket: str = "mybucket") -> None:
    """Make a counter say something."""
    stack.client("dynamodb").put_item(
        TableName=stack.name("CountsTable"),
        Item={
            "kind": {"S": kind.value},
            "bucketKey": {"S": bucket},
            "records": {"N": str(records)},
            "publicRecords": {"N": "0"},
        },
    )


def forget(stack: LocalStack) -> None:
    """Take the newest snapshot of metadata out of the audit, as if it were still to be told."""
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


def differences(inside: Installation, **how: bool) -> tuple[Difference, ...]:
    return recount(inside, lambda _line: None, **how).differences


def test_what_was_told_was_counted_right(stack: LocalStack, inside: Installation) -> None:
    assert differences(inside) == ()
    assert kept(stack) == {
        ("metadata", "mybucket"): Numbers(1, 1),
        ("derivative", "mybucket"): Numbers(1, 1),
        ("object-upload", "mybucket"): Numbers(1, 0),
    }


def test_counters_that_differ_are_set_right(stack: LocalStack, inside: Installation) -> None:
    right = kept(stack)
    set_counter(stack, Kind.METADATA, 7)
    set_counter(stack, Kind.METADATA, 3, bucket="nowhere")
    stack.client("dynamodb").delete_item(
        TableName=stack.name("CountsTable"),
        Key={"kind": {"S": "object-upload"}, "bucketKey": {"S": "mybucket"}},
    )
    found = [(one.kind, one.bucket_key, one.fate) for one in differences(inside, dry=True)]
    assert found == [
        (Kind.METADATA, "mybucket", Fate.FOUND),
        (Kind.METADATA, "nowhere", Fate.FOUND),
        (Kind.OBJECT_UPLOAD, "mybucket", Fate.FOUND),
    ]
    assert {one.fate for one in differences(inside)} == {Fate.MENDED}
    assert kept(stack) == right | {("metadata", "nowhere"): Numbers(0, 0)}
    assert differences(inside) == ()


def test_a_change_that_is_still_to_be_told_leaves_the_counters(
    stack: LocalStack, inside: Installation
) -> None:
    set_counter(stack, Kind.METADATA, 0)
    forget(stack)
    assert [one.fate for one in differences(inside)] == [Fate.UNTOLD]
    assert kept(stack)["metadata", "mybucket"] == Numbers(0, 0)
    assert [one.fate for one in differences(inside, regardless=True)] == [Fate.MENDED]
    assert kept(stack)["metadata", "mybucket"] == Numbers(1, 1)


def test_changes_that_could_not_be_told_leave_the_counters(
    stack: LocalStack, inside: Installation
) -> None:
    set_counter(stack, Kind.METADATA, 0)
    stack.client("s3").put_object(
        Bucket=stack.name("FailedChangesBucket"), Key="aws/lambda/x/1", Body=b"{}"
    )
    assert [one.fate for one in differences(inside)] == [Fate.UNTOLD]


def test_a_counter_that_moves_meanwhile_is_left(
    stack: LocalStack, inside: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_counter(stack, Kind.METADATA, 7)
    clients = {name: stack.client(name) for name in ("dynamodb", "s3")}
    update: Callable[..., Any] = clients["dynamodb"].update_item

    def after_somebody_else(**arguments: Any) -> Any:
        set_counter(stack, Kind.METADATA, 8)
        return update(**arguments)

    monkeypatch.setattr(clients["dynamodb"], "update_item", after_somebody_else)
    monkeypatch.setattr(stack, "client", clients.__getitem__)
    assert [one.fate for one in differences(inside)] == [Fate.MOVING]
    assert kept(stack)["metadata", "mybucket"] == Numbers(8, 0)


def test_an_operator_is_told_what_was_done(
    stack: LocalStack,
    inside: Installation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(commands, "_installation", lambda _stack: inside)
    assert commands.main(["recount"]) == 0
    assert capsys.readouterr().out == "3 counters, 0 differ\n"
    set_counter(stack, Kind.DERIVATIVE, 7)
    assert commands.main(["recount", "--dry-run"]) == 1
    assert commands.main(["recount"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "mended derivative mybucket: the counter had 7 records, 0 of them public, "
        "the table has 1 records, 1 of them public",
        "3 counters, 1 differ",
    ]
    set_counter(stack, Kind.METADATA, 7)
    forget(stack)
    assert commands.main(["recount"]) == 1
    assert "make redrive-stream" in capsys.readouterr().out
