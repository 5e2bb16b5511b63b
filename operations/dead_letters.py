"""List dead letters and send them back.

A message that a function failed five times is in its queue's dead-letter queue, and returns to that
queue. An event that a rule could not deliver is in RuleDeadLetterQueue, with the ARN of its target
as an attribute (EventBridge User Guide, "Using dead-letter queues").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from operations.installation import Installation

_MAX_BATCH_SIZE = 10
"""Messages of one ReceiveMessage call (SQS quotas)."""


@dataclass(frozen=True)
class DeadLetterQueue:
    """A dead-letter queue; `messages` is SQS's estimate of their number."""

    logical_id: str
    url: str
    messages: int


@dataclass(frozen=True)
class RedrivenQueue:
    """The result for one queue: messages sent, and messages without a known target, which stay."""

    queue: DeadLetterQueue
    sent: int
    left: int


def dead_letter_queues(installation: Installation) -> list[DeadLetterQueue]:
    """Return every dead-letter queue of the template, sorted by logical id."""
    sqs = installation.client("sqs")
    queues = []
    for logical_id, name in sorted(installation.names.items()):
        if not logical_id.endswith("DeadLetterQueue"):
            continue
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        messages = int(attributes["ApproximateNumberOfMessages"])
        queues.append(DeadLetterQueue(logical_id, url, messages))
    return queues


def redrive(
    installation: Installation, queue: DeadLetterQueue, log: Callable[[str], None]
) -> RedrivenQueue:
    """Send each message back, then delete it from the dead-letter queue.

    A crash in between sends a message twice, but loses none. At most `queue.messages` are received,
    so messages that fail again at once do not keep this running.
    """
    sqs = installation.client("sqs")
    source = _source_queue(sqs, queue)
    sent = left = 0
    for message in _receive(sqs, queue):
        target = source or _rule_target(message)
        if target is None or not _send(installation, sqs, target, message["Body"]):
            left += 1
            sqs.change_message_visibility(
                QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
            continue
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
        sent += 1
        if sent % 100 == 0:
            log(f"{queue.logical_id}: {sent} of about {queue.messages} sent")
    return RedrivenQueue(queue, sent, left)


def _source_queue(sqs: Any, queue: DeadLetterQueue) -> str | None:
    """Return the URL of the queue whose messages end in this dead-letter queue, if there is one."""
    sources: list[str] = sqs.list_dead_letter_source_queues(QueueUrl=queue.url)["queueUrls"]
    return sources[0] if sources else None


def _receive(sqs: Any, queue: DeadLetterQueue) -> Iterator[dict[str, Any]]:
    received = 0
    while received < queue.messages:
        messages = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=min(_MAX_BATCH_SIZE, queue.messages - received),
            MessageAttributeNames=["All"],
            VisibilityTimeout=60,
        ).get("Messages", [])
        if not messages:
            return
        received += len(messages)
        yield from messages


def _rule_target(message: dict[str, Any]) -> str | None:
    attribute = message.get("MessageAttributes", {}).get("TARGET_ARN")
    return None if attribute is None else str(attribute["StringValue"])


def _send(installation: Installation, sqs: Any, target: str, body: str) -> bool:
    """Send a message to a queue (URL or ARN) or a function (ARN). Return false for others."""
    if target.startswith("http"):
        sqs.send_message(QueueUrl=target, MessageBody=body)
        return True
    service, name = target.split(":")[2], target.rsplit(":", 1)[-1]
    if service == "sqs":
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body)
        return True
    logical_ids = {physical: logical for logical, physical in installation.names.items()}
    if service == "lambda" and name in logical_ids:
        installation.invoke(logical_ids[name], json.loads(body))
        return True
    return False
