"""What was given up on goes on its way again, once its cause is gone."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from local.resources import arn_of
from operations.commands import main
from operations.dead_letters import DeadLetterQueue, dead_letter_queues, redrive
from operations.failed_changes import BUCKET, failed_batches, redrive_stream
from operations.installation import FunctionFailedError, LocalInstallation
from tests.e2e.stacks import Stack

EVENT = {"detail": {"object": {"key": "incoming/nobody/nothing"}}, "detail-type": "Object Created"}


def bury(
    installation: LocalInstallation, queue: str, body: Any, **attributes: str
) -> DeadLetterQueue:
    """Put a message into a dead-letter queue."""
    sqs = installation.client("sqs")
    url = sqs.get_queue_url(QueueName=installation.names[queue])["QueueUrl"]
    sqs.send_message(
        QueueUrl=url,
        MessageBody=json.dumps(body),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
        },
    )
    [found] = [one for one in dead_letter_queues(installation) if one.logical_id == queue]
    return found


def empty(installation: LocalInstallation, queue: DeadLetterQueue) -> None:
    sqs = installation.client("sqs")
    while messages := sqs.receive_message(QueueUrl=queue.url).get("Messages"):
        for message in messages:
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])


def count(installation: LocalInstallation, queue: str) -> int:
    [found] = [one for one in dead_letter_queues(installation) if one.logical_id == queue]
    return found.messages


def taken(outside: Stack, text: str) -> bool:
    """Whether the stack's log says something within a few seconds."""
    deadline = time.monotonic() + 10
    while text not in outside.log and time.monotonic() < deadline:
        time.sleep(0.05)
    return text in outside.log


def test_a_dead_letter_goes_back_to_the_queue_that_it_died_in(
    outside: Stack, installation: LocalInstallation
) -> None:
    queue = bury(installation, "RecordUsageDeadLetterQueue", {"redriven": "a usage event"})
    said: list[str] = []
    moved = redrive(installation, queue, said.append)
    assert (moved.sent, moved.left) == (1, 0)
    assert count(installation, "RecordUsageDeadLetterQueue") == 0
    assert taken(outside, "RecordUsageFunction")
    sqs = installation.client("sqs")
    home = sqs.get_queue_url(QueueName=installation.names["RecordUsageQueue"])["QueueUrl"]
    sqs.purge_queue(QueueUrl=home)


def test_what_a_rule_could_not_deliver_goes_to_its_target(installation: LocalInstallation) -> None:
    name = installation.names["KeepHouseFunction"]
    queue = bury(
        installation, "RuleDeadLetterQueue", {}, TARGET_ARN=arn_of("lambda", f"function:{name}")
    )
    assert redrive(installation, queue, print).sent == 1
    queue = bury(
        installation,
        "RuleDeadLetterQueue",
        EVENT,
        TARGET_ARN=arn_of("sqs", installation.names["MakeThumbnailDeadLetterQueue"]),
    )
    assert redrive(installation, queue, print).sent == 1
    assert count(installation, "MakeThumbnailDeadLetterQueue") == 1
    [thumbnails] = [
        one
        for one in dead_letter_queues(installation)
        if one.logical_id == "MakeThumbnailDeadLetterQueue"
    ]
    empty(installation, thumbnails)


@pytest.mark.parametrize("attributes", [{}, {"TARGET_ARN": "arn:aws:sns:us-east-1:1:topic"}])
def test_a_letter_that_belongs_nowhere_stays(
    installation: LocalInstallation, attributes: Mapping[str, str]
) -> None:
    queue = bury(installation, "RuleDeadLetterQueue", EVENT, **attributes)
    moved = redrive(installation, queue, print)
    assert (moved.sent, moved.left) == (0, 1)
    empty(installation, queue)


def test_the_command_names_what_it_did_and_refuses_unknown_queues(
    outside: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(outside.port))
    assert main(["redrive"]) == 0
    assert "ProcessUploadDeadLetterQueue: 0 sent" in capsys.readouterr().out
    assert main(["redrive", "Nobody"]) == 1
    assert "no such queue: Nobody; there are" in capsys.readouterr().err


def keep(installation: LocalInstallation, key: str, document: Any) -> None:
    installation.client("s3").put_object(
        Bucket=installation.names[BUCKET], Key=key, Body=json.dumps(document).encode()
    )


def failed_change(table: str, sequence: str) -> dict[str, Any]:
    """An object as Lambda writes one: a batch of one removal, which is nobody's business."""
    record = {
        "eventID": sequence,
        "eventName": "REMOVE",
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:1:table/{table}/stream/x",
        "dynamodb": {
            "ApproximateCreationDateTime": 1.0,
            "Keys": {"id": {"S": "x"}},
            "SequenceNumber": sequence,
        },
    }
    return {"version": "1.0", "payload": json.dumps({"Records": [record]})}


def test_changes_that_failed_are_told_again_and_those_that_fail_again_stay(
    outside: Stack,
    installation: LocalInstallation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep(installation, "1", failed_change(installation.names["MetadataTable"], "11"))
    keep(installation, "2", failed_change("another-table", "22"))
    keep(installation, "3", {"version": "1.0"})
    told = redrive_stream(installation, print)
    assert told.batches == 1
    assert told.failed == {
        "2": "record 22 failed again",
        "3": "the object has no payload: it isn't one of Lambda's",
    }
    monkeypatch.setenv("PORT", str(outside.port))
    assert main(["redrive-stream"]) == 1
    assert "0 batches told, 2 failed again" in capsys.readouterr().out
    for key in list(failed_batches(installation)):
        installation.client("s3").delete_object(Bucket=installation.names[BUCKET], Key=key)
    assert main(["redrive-stream"]) == 0


def test_a_function_that_fails_is_no_silence(installation: LocalInstallation) -> None:
    with pytest.raises(FunctionFailedError, match="KeyError"):
        installation.invoke("PublishChangesFunction", {"nothing": "of this kind"})


@pytest.mark.parametrize("port", ["eighty", "1"])
def test_a_stack_that_is_not_there_is_said_plainly(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", port)
    assert main(["redrive"]) == 1
    assert "PORT" in capsys.readouterr().err
