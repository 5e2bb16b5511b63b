"""Dead letters: what they are, and sending them on their way again.

A message that a function failed five times lies in its queue's dead-letter queue, and goes back
into that queue. What a rule could not deliver lies in RuleDeadLetterQueue with the ARN of its
target among its attributes (EventBridge User Guide, "Using dead-letter queues").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from operations.installation import Installation

_ENTRIES_PER_TRANSACTION = 10
"""The most that SQS hands over in one call."""


@dataclass(frozen=True)
class DeadLetterQueue:
    """One dead-letter queue; `messages` is what SQS takes for their number."""

    logical_id: str
    url: str
    messages: int


@dataclass(frozen=True)
class CopiedUpload:
    """What became of the messages of one queue."""

    queue: DeadLetterQueue
    sent: int
    left: int
    """Messages whose target is unknown; they stay where they are."""


def dead_letter_queues(installation: Installation) -> list[DeadLetterQueue]:
    """Every dead-letter queue of the template, by its name there."""
    sqs = installation.client("sqs")
    found = []
    for logical_id, name in sorted(installation.names.items()):
        if not logical_id.endswith("DeadLetterQueue"):
            continue
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        found.append(
            DeadLetterQueue(logical_id, url, int(attributes["ApproximateNumberOfMessages"]))
        )
    return found


def redrive(
    installation: Installation, queue: DeadLetterQueue, say: Callable[[str], None]
) -> CopiedUpload:
    """Send each message on, then delete it here: twice at worst, never not at all.

    Takes no more than were there at the start, so that what fails again at once ends here.
    """
    sqs = installation.client("sqs")
    home = _home(sqs, queue)
    sent = left = 0
    for message in _take(sqs, queue):
        target = home or _target(message)
        if target is None or not _send(installation, sqs, target, message["Body"]):
            left += 1
            sqs.change_message_visibility(
                QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
            continue
        sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=message["ReceiptHandle"])
        sent += 1
        if sent % 100 == 0:
            say(f"{queue.logical_id}: {sent} of about {queue.messages} sent")
    return CopiedUpload(queue, sent, left)


def _home(sqs: Any, queue: DeadLetterQueue) -> str | None:
    """The URL of the queue that these letters died in."""
    sources: list[str] = sqs.list_dead_letter_source_queues(QueueUrl=queue.url)["queueUrls"]
    return sources[0] if sources else None


def _take(sqs: Any, queue: DeadLetterQueue) -> Iterator[dict[str, Any]]:
    taken = 0
    while taken < queue.messages:
        messages = sqs.receive_message(
            QueueUrl=queue.url,
            MaxNumberOfMessages=min(_ENTRIES_PER_TRANSACTION, queue.messages - taken),
            MessageAttributeNames=["All"],
            VisibilityTimeout=60,
        ).get("Messages", [])
        if not messages:
            return
        taken += len(messages)
        yield from messages


def _target(message: dict[str, Any]) -> str | None:
    attribute = message.get("MessageAttributes", {}).get("TARGET_ARN")
    return None if attribute is None else str(attribute["StringValue"])


def _send(installation: Installation, sqs: Any, target: str, body: str) -> bool:
    """Hand a message to a queue (URL or ARN) or to a function (ARN); False for anything else."""
    if target.startswith("http"):
        sqs.send_message(QueueUrl=target, MessageBody=body)
        return True
    service, name = target.split(":")[2], target.rsplit(":", 1)[-1]
    if service == "sqs":
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body)
        return True
    functions = {named: logical for logical, named in installation.names.items()}
    if service == "lambda" and name in functions:
        installation.invoke(functions[name], json.loads(body))
        return True
    return False
