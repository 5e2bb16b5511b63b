"""Events: one for each change, in AWS's published form."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.s3.events import Sequencer
from tests.local.s3.wire import REGION, Gate, presign_post

KEY = "incoming/a b+é%2F/&.jpg"
ETAG = "9dd4e461268c8034f5c8564e155c67a6"


def put(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key=KEY, Body=b"x")


def post(gate: Gate, bucket: str) -> None:
    assert presign_post(gate.s3, bucket, KEY).send().status == 204


def copy(gate: Gate, bucket: str) -> None:
    gate.s3.put_object(Bucket=bucket, Key="source", Body=b"x")
    gate.events.clear()
    gate.s3.copy_object(Bucket=bucket, Key=KEY, CopySource={"Bucket": bucket, "Key": "source"})


def multipart(gate: Gate, bucket: str) -> None:
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key=KEY)
    upload: Any = {"Bucket": bucket, "Key": KEY, "UploadId": made["UploadId"]}
    etag = gate.s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]
    parts: Any = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    gate.s3.complete_multipart_upload(**upload, MultipartUpload=parts)


WAYS = {
    "PutObject": put,
    "POST Object": post,
    "CopyObject": copy,
    "CompleteMultipartUpload": multipart,
}


@pytest.mark.parametrize("reason", WAYS)
def test_each_way_to_create_an_object_is_one_event(
    gate: Gate, announced_bucket: str, reason: str
) -> None:
    WAYS[reason](gate, announced_bucket)
    [event] = gate.events
    detail = event["detail"]
    etag = gate.s3.head_object(Bucket=announced_bucket, Key=KEY)["ETag"].strip('"')
    assert re.fullmatch(r"[0-9a-f]{16}", detail["object"].pop("sequencer"))
    assert re.fullmatch(r"[0-9A-F]{16}", detail.pop("request-id"))
    assert re.fullmatch(r"[0-9a-f-]{36}", event.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event.pop("time"))
    assert event == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "region": REGION,
        "resources": [f"arn:aws:s3:::{announced_bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": announced_bucket},
            "object": {"key": KEY, "size": 1, "etag": etag},
            "requester": "123456789012",
            "source-ip-address": "127.0.0.1",
            "reason": reason,
        },
    }


def test_a_deletion_is_one_event(gate: Gate, announced_bucket: str) -> None:
    put(gate, announced_bucket)
    gate.s3.delete_object(Bucket=announced_bucket, Key=KEY)
    created, deleted = gate.events
    sequencer = deleted["detail"]["object"].pop("sequencer")
    assert sequencer > created["detail"]["object"]["sequencer"]
    assert deleted["detail-type"] == "Object Deleted"
    assert deleted["detail"]["object"] == {"key": KEY, "etag": ETAG}
    assert deleted["detail"]["reason"] == "DeleteObject"
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"


def test_several_deletions_are_as_many_events(gate: Gate, announced_bucket: str) -> None:
    for key in "ab":
        gate.s3.put_object(Bucket=announced_bucket, Key=key)
    gate.events.clear()
    gate.s3.delete_objects(
        Bucket=announced_bucket, Delete={"Objects": [{"Key": key} for key in "abc"]}
    )
    assert [event["detail"]["object"]["key"] for event in gate.events] == ["a", "b"]


def test_a_request_that_changes_nothing_publishes_no_event(
    gate: Gate, announced_bucket: str
) -> None:
    bucket = announced_bucket
    put(gate, bucket)
    gate.events.clear()
    gate.s3.head_object(Bucket=bucket, Key=KEY)
    gate.s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    gate.s3.delete_object(Bucket=bucket, Key="never there")
    gate.s3.put_object_tagging(
        Bucket=bucket, Key=KEY, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    with pytest.raises(ClientError):
        gate.s3.put_object(Bucket=bucket, Key=KEY, Body=b"y", IfNoneMatch="*")
    with pytest.raises(ClientError):
        gate.s3.put_object(Bucket=bucket, Key=KEY, Body=b"y", ChecksumSHA256="A" * 43 + "=")
    assert presign_post(gate.s3, bucket, KEY).with_(key="other").send().status == 403
    made = gate.s3.create_multipart_upload(Bucket=bucket, Key=KEY)
    gate.s3.abort_multipart_upload(Bucket=bucket, Key=KEY, UploadId=made["UploadId"])
    assert gate.events == []


def test_a_bucket_without_notifications_publishes_nothing(gate: Gate, bucket: str) -> None:
    put(gate, bucket)
    assert "EventBridgeConfiguration" not in (
        gate.s3.get_bucket_notification_configuration(Bucket=bucket)
    )
    assert gate.events == []


def test_notifications_can_be_turned_on_and_off(gate: Gate, announced_bucket: str) -> None:
    found = gate.s3.get_bucket_notification_configuration(Bucket=announced_bucket)
    assert found["EventBridgeConfiguration"] == {}
    gate.s3.put_bucket_notification_configuration(
        Bucket=announced_bucket, NotificationConfiguration={}
    )
    put(gate, announced_bucket)
    assert gate.events == []


def test_a_new_bucket_with_an_old_name_publishes_nothing(gate: Gate, announced_bucket: str) -> None:
    gate.s3.delete_bucket(Bucket=announced_bucket)
    gate.s3.create_bucket(
        Bucket=announced_bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    put(gate, announced_bucket)
    assert gate.events == []


def test_a_bucket_that_could_not_be_deleted_still_publishes(
    gate: Gate, announced_bucket: str
) -> None:
    put(gate, announced_bucket)
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        gate.s3.delete_bucket(Bucket=announced_bucket)
    put(gate, announced_bucket)
    assert len(gate.events) == 2


def test_other_targets_are_refused_not_ignored(gate: Gate, bucket: str) -> None:
    queue = {"QueueArn": f"arn:aws:sqs:{REGION}:123456789012:q", "Events": ["s3:ObjectCreated:*"]}
    configuration: Any = {"QueueConfigurations": [queue]}
    with pytest.raises(ClientError, match="QueueConfiguration"):
        gate.s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=configuration
        )


def test_events_of_a_versioned_bucket_have_versions_and_markers(
    gate: Gate, announced_bucket: str
) -> None:
    bucket = announced_bucket
    gate.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = gate.s3.put_object(Bucket=bucket, Key="a", Body=b"x")["VersionId"]
    marker = gate.s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    gate.s3.delete_object(Bucket=bucket, Key="a", VersionId=marker)
    gate.s3.delete_object(Bucket=bucket, Key="a", VersionId=version)
    seen = [
        (event["detail"]["object"]["version-id"], event["detail"].get("deletion-type"))
        for event in gate.events
    ]
    assert seen == [
        (version, None),
        (marker, "Delete Marker Created"),
        (marker, "Permanently Deleted"),
        (version, "Permanently Deleted"),
    ]


def test_sequencers_follow_the_order_of_the_changes(gate: Gate, announced_bucket: str) -> None:
    def write(number: int) -> None:
        gate.s3.put_object(Bucket=announced_bucket, Key="a", Body=b"x" * number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1, 41)))
    last = max(gate.events, key=lambda event: str(event["detail"]["object"]["sequencer"]))
    size = gate.s3.head_object(Bucket=announced_bucket, Key="a")["ContentLength"]
    assert last["detail"]["object"]["size"] == size
    assert len({event["detail"]["object"]["sequencer"] for event in gate.events}) == 40


def test_sequencers_increase_if_the_clock_does_not() -> None:
    sequencer = Sequencer()
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    moments = [moment, moment, moment - timedelta(days=1), moment + timedelta(seconds=1)]
    seen = [sequencer.next(moment) for moment in moments]
    assert seen == sorted(set(seen))
    assert {len(one) for one in seen} == {16}


def test_an_object_exists_before_its_event(
    gate: Gate, announced_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def look(event: dict[str, Any]) -> None:
        key = event["detail"]["object"]["key"]
        seen.append(gate.s3.get_object(Bucket=announced_bucket, Key=key)["Body"].read())

    monkeypatch.setattr(gate.gate.publisher, "deliver", look)
    put(gate, announced_bucket)
    assert seen == [b"x"]


def test_a_bus_that_fails_does_not_fail_the_change(
    gate: Gate,
    announced_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("no bus today")

    monkeypatch.setattr(gate.gate.publisher, "deliver", fail)
    put(gate, announced_bucket)
    assert gate.s3.head_object(Bucket=announced_bucket, Key=KEY)["ContentLength"] == 1
    assert "could not be delivered" in caplog.text


def test_an_event_has_the_time_of_the_moved_clock(gate: Gate, announced_bucket: str) -> None:
    gate.clock.offset = timedelta(days=21)
    put(gate, announced_bucket)
    [event] = gate.events
    moment = datetime.fromisoformat(event["time"])
    assert abs(gate.clock.now() - moment) < timedelta(minutes=1)
