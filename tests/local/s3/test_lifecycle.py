"""Lifecycle rules: what expires, when, and with which event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.s3.lifecycle import is_due
from tests.local.s3.wire import Gate

EXPIRING = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "in/"}, "Expiration": {"Days": 30}}
ABORTING = {
    "ID": "b",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
TAGGED = {**EXPIRING, "ID": "c", "Filter": {"Tag": {"Key": "x", "Value": "y"}}}


@pytest.fixture(autouse=True)
def _nothing_of_other_tests(gate: Gate) -> None:
    gate.gate.empty()


def put_rules(gate: Gate, bucket: str, *rules: Any) -> None:
    gate.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)}
    )


def keys(gate: Gate, bucket: str) -> list[str]:
    return [one["Key"] for one in gate.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize(
    ("since", "now", "due"),
    [
        ("2026-11-01T10:00", "2026-12-01T10:00", False),
        ("2026-11-01T10:00", "2026-12-01T23:59", False),
        ("2026-11-01T10:00", "2026-12-02T00:00", True),
        ("2026-11-01T00:00", "2026-11-30T23:59", False),
        ("2026-11-01T00:00", "2026-12-01T00:00", True),
    ],
)
def test_a_rule_takes_effect_at_the_midnight_after_its_days(
    since: str, now: str, due: bool
) -> None:
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, now)]
    assert is_due(moments[0], 30, moments[1]) is due


def test_objects_with_the_prefix_expire_with_an_event(gate: Gate, announced_bucket: str) -> None:
    for key in ("in/a", "out/a"):
        gate.s3.put_object(Bucket=announced_bucket, Key=key, Body=b"x")
    put_rules(gate, announced_bucket, EXPIRING)
    assert gate.gate.apply_lifecycle() == 0
    gate.clock.offset += timedelta(days=20)
    gate.s3.put_object(Bucket=announced_bucket, Key="in/later", Body=b"x")
    gate.clock.offset += timedelta(days=11)
    gate.events.clear()

    assert gate.gate.apply_lifecycle() == 1

    assert keys(gate, announced_bucket) == ["in/later", "out/a"]
    [event] = gate.events
    detail = event["detail"]
    assert event["detail-type"] == "Object Deleted"
    assert detail["object"]["key"] == "in/a"
    assert detail["reason"] == "Lifecycle Expiration"
    assert detail["deletion-type"] == "Permanently Deleted"
    assert detail["requester"] == "s3.amazonaws.com"
    assert "source-ip-address" not in detail


def test_an_incomplete_upload_is_aborted_with_its_parts(gate: Gate, bucket: str) -> None:
    put_rules(gate, bucket, ABORTING)
    folder = gate.gate.store.folder.root
    before = set(folder.rglob("*"))
    upload = gate.s3.create_multipart_upload(Bucket=bucket, Key="a")["UploadId"]
    gate.s3.upload_part(Bucket=bucket, Key="a", UploadId=upload, PartNumber=1, Body=b"part")
    gate.clock.offset += timedelta(days=6)
    assert gate.gate.apply_lifecycle() == 0
    gate.clock.offset += timedelta(days=2)

    assert gate.gate.apply_lifecycle() == 1

    assert "Uploads" not in gate.s3.list_multipart_uploads(Bucket=bucket)
    assert set(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({**EXPIRING, "Status": "Disabled"}, id="disabled"),
        pytest.param(TAGGED, id="by tag"),
        pytest.param({**ABORTING, "Filter": {"Prefix": "other/"}}, id="another prefix"),
    ],
)
def test_rules_that_do_not_match_have_no_effect(
    gate: Gate, bucket: str, rule: dict[str, Any]
) -> None:
    gate.s3.put_object(Bucket=bucket, Key="in/a", Body=b"x")
    gate.s3.create_multipart_upload(Bucket=bucket, Key="in/b")
    put_rules(gate, bucket, rule)
    gate.clock.offset += timedelta(days=100)
    assert gate.gate.apply_lifecycle() == 0
    assert keys(gate, bucket) == ["in/a"]


def test_an_expired_object_in_a_versioned_bucket_gets_a_marker(gate: Gate, bucket: str) -> None:
    gate.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    gate.s3.put_object(Bucket=bucket, Key="in/a", Body=b"x")
    put_rules(gate, bucket, EXPIRING)
    gate.clock.offset += timedelta(days=32)
    assert gate.gate.apply_lifecycle() == 1
    assert gate.gate.apply_lifecycle() == 0
    assert len(gate.s3.list_object_versions(Bucket=bucket)["DeleteMarkers"]) == 1
