"""The commands redrive and redrive-stream."""

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


def add_dead_letter(
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


def log_contains(stack_process: Stack, text: str) -> bool:
    """Return whether the stack logs a text within ten seconds."""
    deadline = time.monotonic() + 10
    while text not in stack_process.log and time.monotonic() < deadline:
        time.sleep(0.05)
    return text in stack_process.log


def test_a_dead_letter_returns_to_its_queue(
    stack_process: Stack, installation: LocalInstallation
) -> None:
    queue = add_dead_letter(
        installation, "RecordUsageDeadLetterQueue", {"redriven": "a usage event"}
    )
    lines: list[str] = []
    redriven = redrive(installation, queue, lines.append)
    assert (redriven.sent, redriven.left) == (1, 0)
    assert count(installation, "RecordUsageDeadLetterQueue") == 0
    assert log_contains(stack_process, "RecordUsageFunction")
    sqs = installation.client("sqs")
    home = sqs.get_queue_url(QueueName=installation.names["RecordUsageQueue"])["QueueUrl"]
    sqs.purge_queue(QueueUrl=home)


def test_an_undelivered_event_of_a_rule_goes_to_its_target(installation: LocalInstallation) -> None:
    name = installation.names["KeepHouseFunction"]
    queue = add_dead_letter(
        installation, "RuleDeadLetterQueue", {}, TARGET_ARN=arn_of("lambda", f"function:{name}")
    )
    assert redrive(installation, queue, print).sent == 1
    queue = add_dead_letter(
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
def test_a_message_without_a_known_target_stays(
    installation: LocalInstallation, attributes: Mapping[str, str]
) -> None:
    queue = add_dead_letter(installation, "RuleDeadLetterQueue", EVENT, **attributes)
    redriven = redrive(installation, queue, print)
    assert (redriven.sent, redriven.left) == (0, 1)
    empty(installation, queue)


def test_the_command_prints_what_it_did_and_refuses_unknown_queues(
    stack_process: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(stack_process.port))
    assert main(["redrive"]) == 0
    assert "ProcessUploadDeadLetterQueue: 0 sent" in capsys.readouterr().out
    assert main(["redrive", "Nobody"]) == 1
    assert "no such queue: Nobody; there are" in capsys.readouterr().err


def store_batch(installation: LocalInstallation, key: str, document: Any) -> None:
    installation.client("s3").put_object(
        Bucket=installation.names[BUCKET], Key=key, Body=json.dumps(document).encode()
    )


def failed_change(table: str, sequence: str) -> dict[str, Any]:
    """Return an object as Lambda writes it: a batch of one removal, which publishes nothing."""
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


def test_failed_changes_are_published_and_those_that_fail_again_stay(
    stack_process: Stack,
    installation: LocalInstallation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    store_batch(installation, "1", failed_change(installation.names["MetadataTable"], "11"))
    store_batch(installation, "2", failed_change("another-table", "22"))
    store_batch(installation, "3", {"version": "1.0"})
    changes = redrive_stream(installation, print)
    assert changes.published == 1
    assert changes.failed == {
        "2": "record 22 failed again",
        "3": "the object has no payload: Lambda did not write it",
    }
    monkeypatch.setenv("PORT", str(stack_process.port))
    assert main(["redrive-stream"]) == 1
    assert "0 batches published, 2 failed again" in capsys.readouterr().out
    for key in list(failed_batches(installation)):
        installation.client("s3").delete_object(Bucket=installation.names[BUCKET], Key=key)
    assert main(["redrive-stream"]) == 0


def test_a_failing_function_raises_its_error(installation: LocalInstallation) -> None:
    with pytest.raises(FunctionFailedError, match="KeyError"):
        installation.invoke("PublishChangesFunction", {"nothing": "of this kind"})


@pytest.mark.parametrize("port", ["eighty", "1"])
def test_a_missing_stack_is_reported_with_its_port(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", port)
    assert main(["redrive"]) == 1
    assert "PORT" in capsys.readouterr().err
